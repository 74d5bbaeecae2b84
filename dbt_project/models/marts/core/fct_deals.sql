with

deals as (

    select * from {{ ref('int_deals__unioned') }}

),

payments as (

    select * from {{ ref('int_deal_payments') }}

),

customers as (

    select * from {{ ref('int_deal_customers') }}

),

linked as (

    -- distinct: a CRM may link a deal to several chats
    select distinct deal_key
    from {{ ref('int_chat_deal_links__unioned') }}

)

select
    deals.deal_key,
    deals.source_slug,
    customers.customer_key,
    customers.customer_key is not null or linked.deal_key is not null as is_linked_to_chat,
    deals.pipeline,
    deals.stage,
    deals.status,
    deals.lost_reason,
    deals.amount,
    payments.paid_amount,
    payments.refunded_amount,
    payments.net_amount,
    deals.currency_code,
    deals.created_at,
    {{ local_date('deals.created_at') }} as created_local_date,
    deals.closed_at,
    payments.first_paid_at,
    deals.first_contact_seconds,
    deals.owner_name,
    deals.team as team_key,
    deals.lead_source,
    deals.campaign,
    deals.product
from deals
left join payments on deals.deal_key = payments.deal_key
left join customers on deals.deal_key = customers.deal_key
left join linked on deals.deal_key = linked.deal_key
