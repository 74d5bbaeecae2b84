{# The stages of all months hold each deal that has a history once. #}
with

standing as (

    select coalesce(sum(deals_standing), 0) as deal_count
    from {{ ref('kpi_deal_stages_monthly') }}

),

deals as (

    select count(distinct deal_key) as deal_count
    from {{ ref('fct_deal_events') }}
    where enters_stage

)

select
    standing.deal_count as standing_count,
    deals.deal_count
from standing
cross join deals
where standing.deal_count <> deals.deal_count
