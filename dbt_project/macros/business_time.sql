{#
    Business clock: open microseconds of a team's calendar up to an instant.

    The calendar is a tiling of time into segments, each open or closed, split at UTC midnight and
    carrying the open seconds before it; an instant therefore meets exactly one segment of its day,
    and the open time between two instants is a subtraction, for any distance and across DST.
#}
{% macro join_business_segment(alias, team, instant) -%}
left join {{ ref('stg_otvet__business_calendar') }} as {{ alias }}
    on
        {{ team }} = {{ alias }}.team
        and {{ utc_date(instant) }} = {{ alias }}.utc_date
        and {{ instant }} >= {{ alias }}.segment_start_at
        and {{ instant }} < {{ alias }}.segment_end_at
{%- endmacro %}

{% macro business_micros(alias, instant) -%}
    {{ alias }}.open_seconds_before * 1000000
    + case
        when {{ alias }}.is_open
            then {{ micros(instant) }} - {{ micros(alias ~ '.segment_start_at') }}
        else 0
    end
{%- endmacro %}
