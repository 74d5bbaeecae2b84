{# One deadline, one verdict: flags on the working clock are true exactly where it is met. #}
select
    targets.sla_event_key,
    targets.status,
    conversations.is_within_target_business,
    replies.is_within_target_business as is_reply_within_target_business
from {{ ref('fct_sla_events') }} as targets
inner join {{ ref('fct_conversations') }} as conversations
    on targets.conversation_key = conversations.conversation_key
inner join {{ ref('fct_replies') }} as replies
    on
        targets.conversation_key = replies.conversation_key
        and replies.is_first_response
where
    (targets.status = 'met') <> coalesce(conversations.is_within_target_business, false)
    or (targets.status = 'met') <> coalesce(replies.is_within_target_business, false)
    or conversations.is_within_target is distinct from replies.is_within_target
