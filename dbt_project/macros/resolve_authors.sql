{#
    The message contract of one chat source: who wrote each message, decided at message time.

    In this order: the type the source itself states; the staff list (roster, then what the export
    says of its owner) valid on the day of the message; the rule «anyone but the asker»; and where
    the staff of the source is known at all, everybody else is a customer. What cannot be told is
    `unknown` and stays visible as such.

    Both arguments are relations: the staged messages, and who asks in their threads.
#}
{% macro resolve_authors(staged, askers) -%}
with

messages as (

    select * from {{ staged }}

),

staff as (

    select * from {{ ref('int_staff__matched') }}

),

sources_with_staff as (

    select source_slug
    from staff
    where role = 'agent'
    group by source_slug

),

askers as (

    select * from {{ askers }}

)

select
    messages.message_num,
    messages.source_slug,
    messages.channel_type,
    messages.channel_account_id,
    messages.thread_id,
    messages.is_group,
    messages.message_id,
    messages.message_seq,
    messages.event_type,
    messages.sent_at,
    messages.sent_at as received_at,
    case
        when messages.source_author_type is not null then messages.source_author_type
        when staff.role is not null then staff.role
        when messages.author_source_id is null then 'unknown'
        when askers.author_source_id is not null
            then
                case
                    when messages.author_source_id = askers.author_source_id then 'customer'
                    else 'agent'
                end
        when sources_with_staff.source_slug is not null then 'customer'
        else 'unknown'
    end as author_type,
    messages.author_source_id,
    coalesce(staff.agent_name, messages.author_name) as author_name,
    staff.agent_id as staff_id,
    staff.team as author_team,
    messages.is_public,
    messages.is_template,
    messages.content_type,
    messages.text,
    messages.text_length,
    messages.reply_to_message_id,
    messages.source_conversation_id,
    messages.delivered_at,
    messages.read_at,
    messages.edited_at,
    messages.deleted_at,
    messages.referral,
    messages.source_metadata,
    messages.load_id
from messages
left join staff
    on
        messages.source_slug = staff.source_slug
        and messages.author_source_id = staff.author_source_id
        and {{ local_date('messages.sent_at') }} >= staff.valid_from
        and {{ local_date('messages.sent_at') }} < staff.valid_to
left join askers
    on
        messages.source_slug = askers.source_slug
        and messages.thread_id = askers.thread_id
left join sources_with_staff on messages.source_slug = sources_with_staff.source_slug
{%- endmacro %}
