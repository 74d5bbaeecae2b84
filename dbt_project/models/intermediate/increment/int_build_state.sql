{#
    What the last complete build was made from. It waits for all marts and their tests, so a build that
    fails or is killed leaves the rows of the one before, and its threads are entered once more.
#}
{% set marts = [
    'bridge_conversation_deals',
    'dim_agents',
    'dim_channels',
    'dim_customers',
    'dim_date',
    'dim_teams',
    'fct_attribution',
    'fct_conversation_agents',
    'fct_conversations',
    'fct_costs',
    'fct_deal_events',
    'fct_deal_touches',
    'fct_deals',
    'fct_messages',
    'fct_outbound_attempts',
    'fct_payments',
    'fct_replies',
    'fct_sessions',
    'fct_sla_events',
    'fct_survey_responses',
    'kpi_agents_daily',
    'kpi_channels_monthly',
    'kpi_conversations_daily',
    'kpi_deal_stages_monthly',
    'kpi_funnel_weekly',
    'kpi_gap_sensitivity',
    'meta_deal_freshness',
    'meta_freshness',
    'meta_identity_links',
    'meta_quarantine',
] -%}
{% for mart in marts -%}
-- depends_on: {{ ref(mart) }}
{% endfor -%}
select
    build_id,
    kind,
    scope,
    subject,
    content
from {{ ref('int_build_inputs') }}
