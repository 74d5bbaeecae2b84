"""The sandbox: an emulated company whose every event is known, written as real exports.

`world.generate_world` makes it from a seed, a size and a last day, `world.generate_parts` in parts
of bounded memory; `writers.write_company` writes the files a real company would have (Telegram
Desktop and WhatsApp exports, CRM tables, `config/`, `otvet.toml`), `writers_parquet.write_tables`
the same as bulk tables; `truth.compute` counts what really happened and `truth.causal` what really
works. The demo, tests and benchmarks use it.

The company «Зерно и Пар» sells coffee machines: fourteen people in two teams in Moscow and a branch
in Berlin, who join, leave, are renamed and fall ill; a bot in front of the Telegram helpdesk;
customers with one or two messengers, shared and changing phones; neglected questions, night
messages, public holidays, clock changes, groups, edits and deletions; deals that depend on how long
the customer waited (`causes.Causes`).

How it is made: `needs` draws who needs what and when, round after round; `dialogue` leads all
conversations of a round at once over arrays; `part`, `tables` and `business` make Arrow tables of
them; texts are taken by number from lines rendered once (`pools`).
"""
