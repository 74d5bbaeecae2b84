{#
    Public messages of agents in the changed threads, as they are now: who wrote when. An agent's
    effort reaches back to the agent's message before, in whatever thread that is; where one came,
    went or moved, the next one has to be measured anew.
#}
{% set names = chat_sources() -%}
{% set threads = ref('int_changed_threads') -%}
with

{% for name in names -%}
{{ name }}_versions as (

    {{ stage_message_versions(name, threads) | indent(4) }}

),

{{ name }}_outdated as (

    {{ outdated_messages(name ~ '_versions', is_polled(name)) | indent(4) }}

),

{{ name }} as (

    {{ stage_messages(name ~ '_versions', name ~ '_outdated') | indent(4) }}

),

{% endfor -%}
askers as (

    {{ thread_askers(names) | indent(4) }}

),

messages as (

    {% for name in names -%}
    select * from (
        {{ resolve_authors(name, 'askers') | indent(8) }}
    ) as {{ name }}_messages
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

keyed as (

    select
        {{ agent_key('messages') }} as agent_key,
        messages.sent_at,
        {{ thread_key('messages') }} as thread_key
    from messages
    where
        messages.author_type = 'agent'
        and messages.event_type = 'message'
        and messages.is_public
        and not messages.is_template
        and messages.content_type <> 'reaction'

)

select
    agent_key,
    sent_at,
    thread_key
from keyed
where agent_key is not null {{- ' and false' if not is_increment() }}
