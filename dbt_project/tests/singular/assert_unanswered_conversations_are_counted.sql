{#
    Answered and unanswered conversations make up those that await a human, and each one that awaits a
    human has a target. (A well-known package counts the unanswered with a condition that is never true.)
#}
with

conversations as (

    select
        sum(case when awaits_human then 1 else 0 end) as awaiting,
        sum(case when is_answered then 1 else 0 end) as answered,
        sum(case when not is_answered then 1 else 0 end) as unanswered
    from {{ ref('fct_conversations') }}

),

waits as (

    select
        sum(case when is_answered then 1 else 0 end) as answered,
        sum(case when not is_answered then 1 else 0 end) as unanswered
    from {{ ref('fct_replies') }}
    where is_first_response

),

targets as (

    select
        count(*) as targets,
        sum(case when first_response_at is null then 1 else 0 end) as unanswered
    from {{ ref('fct_sla_events') }}

)

select
    conversations.awaiting,
    conversations.answered,
    conversations.unanswered,
    waits.unanswered as unanswered_waits,
    targets.targets,
    targets.unanswered as unanswered_targets
from conversations
cross join waits
cross join targets
where
    conversations.answered + conversations.unanswered <> conversations.awaiting
    or conversations.answered <> waits.answered
    or conversations.unanswered <> waits.unanswered
    or conversations.awaiting <> targets.targets
    or conversations.unanswered <> targets.unanswered
