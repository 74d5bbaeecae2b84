{#
    Numbers as people type them: «12 000 руб.», «1.234,50 €». A number is read where it can mean one
    thing only. «1.234» may be a thousand or one, «-5» is no amount and «12 тыс.» no number: these are
    null. The currency is not looked at: it is the deal's.
#}

{# A typed number in small letters, its spaces all of one kind, without the currency. #}
{% macro plain_number(text) -%}
{%- set spaces = '[ \t\n\u00a0\u2007\u2009\u202f]+' -%}
{%- set currency = '([$€£¥₽₴₸₺₼₾₹]|руб(л(ь|я|ей))?|р|rub|rur|евро|eur(o)?|долл(ар(а|ов)?)?|usd'
    ~ '|gbp|cny|try|тенге|тг|kzt|byn|грн|uah|сум|uzs|сом|kgs|azn|amd|gel|aed)[.]?' -%}
{%- set one_space = 'trim(' ~ replace_all('lower(' ~ text ~ ')', spaces, ' ') ~ ')' -%}
{# «500,-» is five hundred and nothing more; Bitrix24 keeps «500|RUB». #}
{{ replace_all(one_space, '^' ~ currency ~ ' ?| ?' ~ currency ~ '$|[|][a-z]{3}$|[.,]-?$', '') }}
{%- endmacro %}

{# The number that `plain_number` left, as an amount of money; null where it is none. #}
{% macro read_number(plain) -%}
    case
        when {{ matches(plain, '^[1-9][0-9]{0,2}[.,][0-9]{3}$') }} then null
        when {{ matches(plain, '^([0-9]+|[0-9]{1,3}([ ’][0-9]{3})+)([.,][0-9]+)?$') }}
            then {{ try_amount('replace(' ~ replace_all(plain, '[ ’]', '') ~ ", ',', '.')") }}
        when {{ matches(plain, '^[0-9]{1,3}((,[0-9]{3})+[.][0-9]+|(,[0-9]{3}){2,})$') }}
            then {{ try_amount('replace(' ~ plain ~ ", ',', '')") }}
        when {{ matches(plain, '^[0-9]{1,3}(([.][0-9]{3})+,[0-9]+|([.][0-9]{3}){2,})$') }}
            then {{ try_amount("replace(replace(" ~ plain ~ ", '.', ''), ',', '.')") }}
        when {{ matches(plain, '^[0-9]([.][0-9]+)?e[+]?[0-9]{1,2}$') }}
            then {{ try_amount(plain) }}
    end
{%- endmacro %}

{# What a text looks like without saying what it says: «Иванов 12» is «a 9». #}
{% macro shape_of(text) -%}
    substr({{ replace_all(replace_all(text, '\\p{N}+', '9'), '\\p{L}+', 'a') }}, 1, 20)
{%- endmacro %}
