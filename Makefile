# Each target does all the set-up it needs; see `make help`.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
SOURCES := pyproject.toml hatch_build.py
PAGE := $(BIN)/python src/web/build_page.py

.DEFAULT_GOAL := help
.PHONY: help up web page-tools types packages test smoke verify lint evaluate bench-photo bench-upload bench-stream bench-telemetry lock clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 17

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): constraints/run.txt $(SOURCES) | $(BIN)/python
	@echo "fetching packages, about a minute"
	@$(BIN)/python -m pip install --quiet --require-hashes -r constraints/run.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): constraints/dev.txt $(RUN_STAMP)
	@echo "fetching packages for tests and checks, about a minute"
	@$(BIN)/python -m pip install --quiet --require-hashes -r constraints/dev.txt
	@touch $@

page-tools: $(RUN_STAMP)
	@$(PAGE) tools

web: $(RUN_STAMP) ## make the page, where something of it has changed
	@$(PAGE)

types: $(DEV_STAMP) page-tools ## write the page's types anew, from what the service says of itself
	$(BIN)/python -m tests.fixtures.document
	$(PAGE) run types

up: web ## start the whole product: PostgreSQL, Valkey, web, worker, sweeper
	$(BIN)/roomtally up

packages: $(DEV_STAMP) page-tools web ## fetch all that the other targets need

# Most tests wait for something: two at a time take little more than half as long. Each of the two has servers of its own.
TESTS_AT_ONCE ?= 2
test: $(DEV_STAMP) page-tools web ## run all tests that a change must pass (about 5 minutes)
	$(PAGE) run test
	$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist loadfile --no-loadscope-reorder --durations=15

smoke: $(DEV_STAMP) ## two demo photos through a running `make up`, every event printed, everything checked
	$(BIN)/roomtally smoke

verify: $(DEV_STAMP) ## the long races and soaks (about 15 minutes)
	$(BIN)/python -m pytest tests/verify -m verify

lint: $(DEV_STAMP) page-tools ## style, types, import contracts, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(PAGE) run check

PHOTOS ?= ../shared/photos
evaluate: $(DEV_STAMP) ## how well the analyzer counts the photos of a folder with a truth.json: make evaluate PHOTOS=DIR
	$(BIN)/python -m roomtally.analysis.evaluate $(PHOTOS)

bench-photo: $(DEV_STAMP) ## what a photo's task costs beyond decoding and looking at it
	$(BIN)/python -m loadtests.bench_photo_task

bench-upload: $(DEV_STAMP) ## 200 photos of 5 MB: MB/s and the memory of the web process
	$(BIN)/python -m loadtests.bench_upload

bench-stream: $(DEV_STAMP) ## the figures of the stream beside nchan and sse-starlette (about 40 minutes; ARGS=--quick: minutes)
	$(BIN)/python -m loadtests.bench_stream $(ARGS)

bench-telemetry: $(DEV_STAMP) ## the CPU of the same work without metrics, logs and traces, and with them (about 10 minutes)
	$(BIN)/python -m loadtests.bench_telemetry $(ARGS)

lock: $(DEV_STAMP) ## pin all versions anew, without any registry address
	$(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" --quiet -o constraints/run.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --group load --universal --python-version 3.11 --generate-hashes -c constraints/run.txt \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" --quiet -o constraints/dev.txt

clean: ## forget the virtual environment and built files
	rm -rf $(VENV) dist build src/web/node_modules src/roomtally/web_dist
