with

bounds as (

    select
        coalesce(min({{ local_date('first_event_at') }}), date '2024-01-01') as first_date,
        greatest(
            coalesce(max({{ local_date('last_event_at') }}), date '2024-01-01'),
            {{ local_date(as_of()) }}
        ) as last_date
    from {{ ref('int_known_threads') }}

),

days as (

    {{ date_spine(
        "(select least(first_date, date '2016-01-01') from bounds)",
        "(select last_date from bounds)"
    ) }}

)

select
    date_day,
    {{ iso_weekday('date_day') }} as iso_weekday,
    cast(extract(year from date_day) as integer) as calendar_year,
    cast(extract(month from date_day) as integer) as calendar_month
from days
