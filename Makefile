.DEFAULT_GOAL := help
PYTHON ?= python3.11
export DO_NOT_TRACK := 1
export UV_SYSTEM_CERTS := 1
.PHONY: help setup demo test check app dev bench soak lock

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

.venv/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
# Compiled once: where nothing may be written beside the code every process would do it again.
	.venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock
	.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps -e . && touch $@

setup: .venv/.installed  ## the locked environment in .venv

demo: setup  ## emulated company -> main job -> figures -> app (SERVE=0 ends after the figures)
	.venv/bin/otvet demo $(if $(filter 0,$(SERVE)),--no-serve,)

test: setup  ## every test
	.venv/bin/python -m pytest -m "not soak" -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup  ## lint, types, SQL style, dbt build, definitions
	.venv/bin/python -m pipelines.lib.project_checks

app: setup  ## the app on the published version
	.venv/bin/otvet app

dev: setup  ## Dagster's interface
	.venv/bin/otvet dagster

bench: setup  ## measurements, side by side in one run
	.venv/bin/python -m tests.bench

soak: setup  ## long campaigns
	.venv/bin/python -m pytest -m soak $(ARGS)

lock: setup  ## requirements.lock from pyproject.toml
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock
