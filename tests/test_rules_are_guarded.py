"""Each rule of the engine is guarded: with the rule deleted from the models, a golden case fails.

docs/TESTING.md lists the deletions and the case that notices each.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.settings import DBT_PROJECT_DIR
from tests.engine import run_models
from tests.golden import cases
from tests.oracle.engine import run
from tests.parity import differences, facts_of_models, facts_of_oracle
from tests.test_engine_parity import engine_rules

ENGINE = "models/intermediate/conversations"


@dataclass(frozen=True)
class Deletion:
    """A rule, where it stands, and the model text with and without it."""

    rule: str
    file: str
    old: str
    new: str


DELETIONS = (
    Deletion(
        "a gap of exactly G still belongs to the conversation",
        f"{ENGINE}/int_events.sql",
        "else sent_micros - previous_micros > case",
        "else sent_micros - previous_micros >= case",
    ),
    Deletion(
        "a gap of exactly G still belongs to the conversation, beside events",
        f"{ENGINE}/int_intricate_events.sql",
        "and sent_micros - previous_micros\n        > case",
        "and sent_micros - previous_micros\n        >= case",
    ),
    Deletion(
        "a waiting customer is not split by the gap",
        f"{ENGINE}/int_events.sql",
        "                when previous_kind = {{ kind('customer') }} then {{ cap }}\n",
        "                when false then {{ cap }}\n",
    ),
    Deletion(
        "a waiting customer is not split by the gap, beside events",
        f"{ENGINE}/int_intricate_events.sql",
        "            when previous_kind in {{ kinds(['customer', 'handoff']) }} then {{ cap }}\n"
        "            else gap_micros\n        end as is_late",
        "            when false then {{ cap }}\n"
        "            else gap_micros\n        end as is_late",
    ),
    Deletion(
        "an explicit close ends the conversation",
        f"{ENGINE}/int_intricate_events.sql",
        "            when kind = {{ kind('close') }} and mark is null then sent_micros\n"
        "            when mark is not null then mark",
        "            when kind = {{ kind('close') }} then null\n"
        "            when mark is not null then mark",
    ),
    Deletion(
        "a courtesy tail attaches and reopens nothing",
        f"{ENGINE}/int_events.sql",
        "                then {{ kind('courtesy') }}\n",
        "                then {{ kind('customer') }}\n",
    ),
    Deletion(
        "an unanswered outbound message is no conversation",
        f"{ENGINE}/int_plain_attempts.sql",
        "having count(",
        "having false and count(",
    ),
    Deletion(
        "an unanswered outbound message is no conversation, beside events",
        f"{ENGINE}/int_intricate_events.sql",
        "        when conversations.is_unanswered_attempt then null\n",
        "",
    ),
    Deletion(
        "our words after an explicit close are its farewell",
        f"{ENGINE}/int_intricate_events.sql",
        "        and started_micros - close_before_micros <= gap_micros as is_farewell",
        "        and false as is_farewell",
    ),
    Deletion(
        "platform conversation ids win over gaps",
        f"{ENGINE}/int_events.sql",
        "            else coalesce(streams.stream_no, 0)\n",
        "            else 0\n",
    ),
    Deletion(
        "thread mode takes a chat as one conversation",
        f"{ENGINE}/int_events.sql",
        "threads.conversation_mode = 'thread' as is_whole_thread",
        "false as is_whole_thread",
    ),
    Deletion(
        "an internal note is no answer",
        f"{ENGINE}/int_events.sql",
        "            when not messages.is_public then {{ kind('neutral') }}\n",
        "",
    ),
    Deletion(
        "a reaction is no answer",
        f"{ENGINE}/int_events.sql",
        "            when messages.content_type = 'reaction' then {{ kind('neutral') }}\n",
        "",
    ),
    Deletion(
        "a template is no answer",
        f"{ENGINE}/int_events.sql",
        "            when messages.author_type = 'agent' and messages.is_template\n"
        "                then {{ kind('template') }}\n",
        "",
    ),
    Deletion(
        "the clock starts at the first unanswered message",
        "models/intermediate/replies/int_waits.sql",
        "min(sent_micros) filter (where is_starter) as waiting_since_micros",
        "max(sent_micros) filter (where is_starter) as waiting_since_micros",
    ),
    Deletion(
        "while a bot holds the chat nobody awaits a human",
        f"{ENGINE}/int_conversations.sql",
        "    coalesce(first_bot_index < coalesce(first_human_index, first_bot_index + 1), false)\n",
        "    false\n",
    ),
    Deletion(
        "a bot's message answers no wait for a human",
        f"{ENGINE}/int_events.sql",
        "last_value(case when kind = {{ kind('agent') }} then",
        "last_value(case when kind in {{ kinds(['agent', 'bot']) }} then",
    ),
    Deletion(
        "a bot's message answers no wait for a human, beside events",
        f"{ENGINE}/int_intricate_turns.sql",
        "kind in {{ kinds(['agent', 'close', 'no_reply']) }} and not is_template as is_ender",
        "kind in {{ kinds(['agent', 'bot', 'close', 'no_reply']) }} as is_ender",
    ),
    Deletion(
        "«no reply needed» stops the clock",
        f"{ENGINE}/int_intricate_turns.sql",
        "kind in {{ kinds(['agent', 'close', 'no_reply']) }} and not is_template as is_ender",
        "kind in {{ kinds(['agent', 'close']) }} and not is_template as is_ender",
    ),
    Deletion(
        "an outbound conversation has a first response only once something is asked",
        "models/intermediate/replies/int_waits.sql",
        "        or coalesce(last_index >= first_question_index, false) as can_be_first",
        "        or true as can_be_first",
    ),
    Deletion(
        "the goodbye stops the service level's clock",
        "models/marts/core/fct_sla_events.sql",
        "            when customer_events.last_kind = {{ kind('courtesy') }}\n",
        "            when false\n",
    ),
    Deletion(
        "the tail is no part of the dialogue's duration",
        f"{ENGINE}/int_conversations.sql",
        "            where kind in {{ kinds(['customer', 'agent', 'bot']) }}\n"
        "        ) as last_dialog_micros",
        "            where kind in {{ message_kinds }}\n        ) as last_dialog_micros",
    ),
    Deletion(
        "a session ends after 30 minutes",
        f"{ENGINE}/int_events.sql",
        "sent_micros - previous_message_micros > {{ session_gap }}",
        "sent_micros - previous_message_micros >= {{ session_gap }}",
    ),
    Deletion(
        "effort never reaches back past the agent's previous message",
        f"{ENGINE}/int_agent_effort.sql",
        "greatest(own_previous_micros, customer_micros)",
        "coalesce(customer_micros, own_previous_micros)",
    ),
)


@pytest.mark.soak
@pytest.mark.parametrize("deletion", DELETIONS, ids=lambda deletion: deletion.rule)
def test_deleted_rule_is_noticed_by_a_golden_case(deletion: Deletion, tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs"))
    path = project / deletion.file
    text = path.read_text(encoding="utf-8")
    assert deletion.old in text, "the rule is written otherwise now; update this deletion"
    path.write_text(text.replace(deletion.old, deletion.new, 1), encoding="utf-8")
    events, rules = cases.load_events(), cases.rules()
    models = run_models(events, engine_rules(rules), project)
    found = differences(facts_of_models(models), facts_of_oracle(run(events, rules)))
    print("\n".join(found[:3]))  # noqa: T201 -- shown with -s, for docs/TESTING.md
    assert found, f"nothing notices that «{deletion.rule}» is gone"
