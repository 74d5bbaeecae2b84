{#
    Which conversations may have led to which deals: started at most seven days before the deal was
    created. An exact chat link of the CRM outranks the same person.
#}
with

deals as (

    select * from {{ ref('int_deals__unioned') }}
    where created_at is not null

),

deal_customers as (

    select * from {{ ref('int_deal_customers') }}
    where customer_key is not null

),

payments as (

    select * from {{ ref('int_deal_payments') }}

),

conversations as (

    select
        conversation_key,
        started_at,
        source_slug,
        thread_id,
        source_conversation_id,
        customer_key
    from {{ ref('int_conversation_facts') }}

),

links as (

    select * from {{ ref('int_chat_deal_links__unioned') }}

),

exact_links as (

    select
        conversations.conversation_key,
        deals.deal_key,
        'exact' as link_type,
        1 as link_rank,
        conversations.started_at,
        deals.created_at
    from deals
    inner join links on deals.deal_key = links.deal_key
    inner join conversations
        on
            links.thread_id = conversations.thread_id
            -- A CRM that does not say which source the chat is of may mean any.
            and coalesce(links.chat_source_slug = conversations.source_slug, true)
            -- Where the platform bounds conversations, a link may name one of them.
            and (
                links.source_conversation_id is null
                or links.source_conversation_id = conversations.source_conversation_id
            )

),

person_links as (

    select
        conversations.conversation_key,
        deals.deal_key,
        deal_customers.link_type,
        2 as link_rank,
        conversations.started_at,
        deals.created_at
    from deals
    inner join deal_customers on deals.deal_key = deal_customers.deal_key
    inner join conversations on deal_customers.customer_key = conversations.customer_key

),

candidates as (

    select * from exact_links
    union all
    select * from person_links

),

ranked as (

    select
        *,
        row_number() over (
            partition by conversation_key, deal_key
            order by link_rank
        ) as choice
    from candidates
    where
        started_at <= created_at
        and created_at <= {{ add_seconds('started_at', var('lead_window_days') * 86400) }}

)

select
    ranked.conversation_key,
    ranked.deal_key,
    ranked.link_type,
    {{ seconds_between('ranked.started_at', 'ranked.created_at') }} as seconds_to_deal,
    {{ seconds_between('ranked.started_at', 'payments.first_paid_at') }} as seconds_to_payment,
    -- The latest conversation before the deal (and before its payment) takes it whole.
    coalesce(ranked.started_at <= payments.first_paid_at, true)
    and row_number() over (
        partition by
            ranked.deal_key,
            coalesce(ranked.started_at <= payments.first_paid_at, true)
        order by ranked.started_at desc, ranked.conversation_key asc
    ) = 1 as is_last_touch
from ranked
left join payments on ranked.deal_key = payments.deal_key
where ranked.choice = 1
