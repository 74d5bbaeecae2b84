with

ratings as (

    select
        *,
        {{ key(['source_name', 'rating_id']) }} as survey_response_key,
        {{ key(['source_name', 'thread_id']) }} as rated_thread_key
    from {{ ref('stg_tabular__ratings') }}

),

conversations as (

    select
        conversation_key,
        thread_key,
        started_at
    from {{ ref('fct_conversations') }}

),

-- A rating belongs to the last conversation of its thread that had begun when it was given.
candidates as (

    select
        ratings.survey_response_key,
        conversations.conversation_key,
        conversations.thread_key,
        row_number() over (
            partition by ratings.survey_response_key
            order by conversations.started_at desc, conversations.conversation_key asc
        ) as choice
    from ratings
    inner join conversations
        on
            ratings.rated_thread_key = conversations.thread_key
            and ratings.rated_at >= conversations.started_at
    where ratings.thread_id is not null

)

select
    ratings.survey_response_key,
    ratings.source_name as source_slug,
    candidates.thread_key,
    candidates.conversation_key,
    ratings.survey_type,
    ratings.score,
    ratings.rated_at,
    {{ local_date('ratings.rated_at') }} as rated_local_date
from ratings
left join candidates
    on ratings.survey_response_key = candidates.survey_response_key and candidates.choice = 1
