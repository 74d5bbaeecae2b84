{# What the source itself says of a conversation: topic, intent, locale, solved, spam. #}
with

keys as (

    select * from {{ ref('int_conversation_keys') }}

),

threads as (

    select * from {{ ref('int_threads') }}

),

attributes as (

    select * from {{ ref('stg_tabular__conversations') }}

),

matched as (

    select
        keys.conversation_key,
        attributes.topic,
        attributes.intent,
        attributes.locale,
        attributes.is_spam,
        attributes.is_solved,
        row_number() over (
            partition by keys.conversation_key
            -- The platform's own conversation outranks what is said of the whole thread.
            order by
                case
                    when attributes.source_conversation_id = keys.source_conversation_id then 1
                    else 2
                end,
                attributes.row_key
        ) as choice
    from keys
    inner join threads on keys.thread_num = threads.thread_num
    inner join attributes
        on
            threads.source_slug = attributes.source_name
            and threads.thread_id = attributes.thread_id
            and (
                keys.source_conversation_id is null
                or attributes.source_conversation_id is null
                or attributes.source_conversation_id = keys.source_conversation_id
            )

)

select
    conversation_key,
    topic,
    intent,
    locale,
    is_spam,
    is_solved
from matched
where choice = 1
