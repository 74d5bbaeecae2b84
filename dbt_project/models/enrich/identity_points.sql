{#
    Contact points of several parties, and whether they make one person of them (D12). A phone or an
    e-mail does not where it is seen to be shared: two accounts of one messenger have it, or several
    cards of one CRM of which not each names an account. `refused_because` is null where it does.
#}
{# In these the phone is the account: two of one number are one under two names. #}
{% set phone_messengers = "('whatsapp', 'viber', 'sms')" -%}
with

evidence as (

    select * from {{ ref('identity_evidence') }}

),

rules as (

    select first_id as point_id
    from {{ ref('stg_otvet__identity_rules') }}
    where rule = 'shared'
    group by first_id

),

stated_messengers as (

    select
        messenger_id as account_id,
        min(messenger_type) as messenger_type
    from {{ ref('stg_tabular__contacts') }}
    where messenger_id is not null and messenger_type is not null
    group by messenger_id

),

-- The account itself, where its own card has the point, and those that a card with the point names.
point_accounts as (

    select
        point_type,
        point_id,
        party_id as account_id
    from evidence
    where party_type = 'account' and point_type in ('phone', 'email')

    union

    select
        evidence.point_type,
        evidence.point_id,
        named.point_id as account_id
    from evidence
    inner join evidence as named
        on evidence.party_id = named.party_id and named.point_type = 'messenger'
    where evidence.party_type = 'contact' and evidence.point_type in ('phone', 'email')

),

accounts_of_messengers as (

    select
        point_accounts.point_type,
        point_accounts.point_id,
        coalesce(
            stated_messengers.messenger_type,
            case
                when substr(point_accounts.account_id, 1, 14) = 'telegram_user_' then 'telegram'
            end
        ) as messenger_type
    from point_accounts
    left join stated_messengers on point_accounts.account_id = stated_messengers.account_id

),

accounts_per_messenger as (

    select
        point_type,
        point_id,
        count(*) as account_count
    from accounts_of_messengers
    where messenger_type not in {{ phone_messengers }}
    group by point_type, point_id, messenger_type

),

several_accounts as (

    select
        point_type,
        point_id
    from accounts_per_messenger
    where account_count > 1
    group by point_type, point_id

),

cards as (

    select
        party_id,
        source_slug,
        max(case when point_type = 'messenger' then 1 else 0 end) as names_account
    from evidence
    where party_type = 'contact'
    group by party_id, source_slug

),

cards_per_crm as (

    select
        evidence.point_type,
        evidence.point_id,
        count(*) as card_count,
        min(cards.names_account) as each_names_account
    from evidence
    inner join cards on evidence.party_id = cards.party_id
    where evidence.point_type in ('phone', 'email')
    group by evidence.point_type, evidence.point_id, cards.source_slug

),

several_cards as (

    select
        point_type,
        point_id
    from cards_per_crm
    where card_count > 1 and each_names_account = 0
    group by point_type, point_id

),

points as (

    select
        point_type,
        point_id,
        count(*) as party_count
    from evidence
    group by point_type, point_id
    having count(*) > 1

)

select
    points.point_type,
    points.point_id,
    points.party_count,
    case
        when rules.point_id is not null then 'rule'
        when points.party_count > {{ var('identity_parties_max') }} then 'too_many'
        when several_accounts.point_id is not null then 'several_accounts'
        when several_cards.point_id is not null then 'several_cards'
    end as refused_because
from points
left join rules on points.point_id = rules.point_id
left join several_accounts
    on
        points.point_type = several_accounts.point_type
        and points.point_id = several_accounts.point_id
left join several_cards
    on
        points.point_type = several_cards.point_type
        and points.point_id = several_cards.point_id
