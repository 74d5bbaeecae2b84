{#
    Kinds of thread events, as small integers: the engine's windows carry nothing wider.

    customer  a customer's message that needs an answer      close     the source closed the chat
    courtesy  a customer's thanks, "ok", goodbye             handoff   a human was asked for or came
    agent     an agent's public message that can answer      no_reply  the source says: no reply needed
    bot       a bot's message                                neutral   all else, see docs/DECISIONS.md E2
    template  an agent's template: may only start an outbound attempt
#}
{% macro kind(name) -%}
    {%- set codes = {
        'neutral': 0, 'customer': 1, 'courtesy': 2, 'agent': 3, 'bot': 4,
        'template': 5, 'close': 6, 'handoff': 7, 'no_reply': 8,
    } -%}
    {{ codes[name] }}
{%- endmacro %}

{% macro kinds(names) -%}
    ({% for name in names %}{{ kind(name) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# Whose turn an event belongs to, by the kind of that side; null where it is of neither. #}
{% macro side_of(kind_column) -%}
    case
        when {{ kind_column }} = {{ kind('courtesy') }} then {{ kind('customer') }}
        when {{ kind_column }} in {{ kinds(['customer', 'agent', 'bot']) }} then {{ kind_column }}
    end
{%- endmacro %}

{# Text as the courtesy and question patterns expect it: lower case, no punctuation but "?". #}
{% macro normalised_text(text) -%}
    trim({{ replace_all(
        replace_all(
            "replace(lower(" ~ text ~ "), 'ё', 'е')",
            '[\\x{FE0F}\\x{200D}\\x{1F3FB}-\\x{1F3FF}]', ''
        ),
        '[\\s!.,;:()…\"«»„“”~*^_=–—-]+', ' '
    ) }})
{%- endmacro %}

{# True where no conversation is open, given the condition under which the customer waits. #}
{% macro nothing_is_open(customer_waits) -%}
    raw_previous_kind is null
    or (raw_previous_kind = {{ kind('close') }} and stream_mode <> 'thread')
    or (
        stream_mode = 'gap'
        and sent_micros - raw_previous_micros
        > case
            when {{ customer_waits }} then {{ var('unanswered_cap_seconds') * 1000000 }}
            else gap_micros
        end
    )
{%- endmacro %}

{# How long a chat of messages only stays open after its previous message, under a gap in hours. #}
{% macro silence_limit(gap_hours) -%}
    case
        when previous_kind = {{ kind('customer') }} then {{ var('unanswered_cap_seconds') * 1000000 }}
        else {{ gap_hours }} * 3600000000
    end
{%- endmacro %}
