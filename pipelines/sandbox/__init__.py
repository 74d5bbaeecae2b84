"""The sandbox: an emulated company whose every event is known, written as real exports.

`world.generate_world` makes it from a seed, a size and a last day; `writers.write_company` writes
the files a real company would have (Telegram Desktop and WhatsApp exports, CRM tables, `config/`,
`otvet.toml`); `truth.compute` counts what really happened. The demo, tests and benchmarks use it.

The company «Зерно и Пар» sells coffee machines: six people in two teams, a bot in front of the
Telegram helpdesk, customers with one or two messengers, neglected questions, night messages, public
holidays, deals that depend on how long the customer waited (`model.Causes`).
"""
