with

deals as (

    select
        *,
        -- While it is open the amount is that of the day on which the deal was created.
        {{ local_date('coalesce(closed_at, created_at)') }} as amount_local_date
    from {{ ref('int_deals__unioned') }}

),

payments as (

    select * from {{ ref('int_deal_payments') }}

),

customers as (

    select * from {{ ref('int_deal_customers') }}

),

-- The same buyer: the customer of the chats, else the contact of the CRM.
purchases as (

    select
        payments.deal_key,
        lead(payments.first_paid_at) over (
            partition by
                customers.customer_key,
                case when customers.customer_key is null then deals.source_slug end,
                case when customers.customer_key is null then deals.contact_id end
            order by payments.first_paid_at, payments.deal_key
        ) as next_purchase_at
    from payments
    inner join deals on payments.deal_key = deals.deal_key
    left join customers on payments.deal_key = customers.deal_key
    where
        payments.first_paid_at is not null
        and coalesce(customers.customer_key, deals.contact_id) is not null

),

histories as (

    select
        deal_key,
        max(case when enters_stage then occurred_at end) as stage_entered_at,
        cast(sum(case when is_reopened then 1 else 0 end) as bigint) as reopened_count,
        cast(sum(case when is_pipeline_changed then 1 else 0 end) as bigint)
            as pipeline_change_count
    from {{ ref('fct_deal_events') }}
    group by deal_key

),

linked as (

    -- distinct: a CRM may link a deal to several chats. It also knows chats that are not loaded.
    select distinct links.deal_key
    from {{ ref('int_chat_deal_links__unioned') }} as links
    inner join {{ ref('int_known_threads') }} as threads
        on
            links.thread_id = threads.thread_id
            and coalesce(links.chat_source_slug = threads.source_slug, true)

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
    deals.product,
    {{ in_company_currency('deals.amount', 'deals.currency_code', 'rates') }}
        as company_amount,
    cast(payments.company_paid_amount as decimal(38, 2)) as company_paid_amount,
    cast(payments.company_refunded_amount as decimal(38, 2)) as company_refunded_amount,
    cast(payments.company_net_amount as decimal(38, 2)) as company_net_amount,
    deals.stage_order,
    histories.stage_entered_at,
    coalesce(histories.reopened_count, 0) as reopened_count,
    coalesce(histories.pipeline_change_count, 0) as pipeline_change_count,
    purchases.next_purchase_at
from deals
left join payments on deals.deal_key = payments.deal_key
left join customers on deals.deal_key = customers.deal_key
left join purchases on deals.deal_key = purchases.deal_key
left join histories on deals.deal_key = histories.deal_key
left join linked on deals.deal_key = linked.deal_key
{{ join_rate('rates', 'deals.currency_code', 'deals.amount_local_date') }}
