# Everything that is done with this project. Needs make, sh and Python 3.11 or newer; the rest installs itself.
#   make demo    the console with everything around it, on http://127.0.0.1:8000
#   make test    from nothing to a green suite

PYTHON ?= python3
PORT ?= 8000
SIMULATOR_PORT ?= 8700
# more pytest options: make test ARGS="-k sign_in -x"
ARGS ?=

BIN := .venv/bin
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate
PRODUCT := gateway merchants membership coupons orders messaging console simulator embedded_servers.py
# Settings demand keys; these open nothing.
CHECK_ENV := DEBUG=1 SECRET_KEY=for-checks-only FIELD_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= DJANGO_SETTINGS_MODULE=console.settings

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset servers run worker simulator test lint fmt ci screenshots torture bench messages assets lock clean

# What there is to do.
help:
	@$(PYTHON) -c 'import re; [print(f"  {t:<12}{c}") for c, t in re.findall(r"^# (.+)\n([a-z-]+):", open("Makefile").read(), re.M)]'

# The console with everything around it: servers, simulator, workers, demo data (PORT=, SIMULATOR_PORT=).
demo: .venv/.run .venv/.assets .venv/.messages
	@$(BIN)/python manage.py demo --port $(PORT) --simulator-port $(SIMULATOR_PORT)

# Remove the demo's data; the next `make demo` begins from nothing.
demo-reset: .venv/.run
	@$(BIN)/python manage.py demo --reset

# Only the database and the broker, for the three targets below (each in a terminal of its own).
servers: .venv/.run
	@$(BIN)/python manage.py demo --servers-only

# The web process with reload, on the servers of `make servers` or `make demo`.
run: .venv/.run .venv/.assets .venv/.messages
	@$(BIN)/python -m console.demo python manage.py runserver $(PORT)

# One worker for both queues, with beat inside; for `make servers`, not beside `make demo`.
worker: .venv/.run .venv/.messages
	@$(BIN)/python -m console.demo celery -A console.celery_app worker -Q engine,default -c 2 -B -l INFO

# The pretend platform alone.
simulator: .venv/.run
	@$(BIN)/python -m console.demo python -m simulator --port $(SIMULATOR_PORT) --store var/simulator.db

# Every test, on embedded servers of its own (ARGS="-k name").
test: .venv/.dev .venv/.stranger .venv/.assets .venv/.messages
	@# what needs no quiet, on two processes; storms alone; the browser's files on two, each with a house of its own
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not faults and not browser" $(ARGS) || [ $$? -eq 5 -a -n "$(ARGS)" ]
	@$(BIN)/python -m pytest $(if $(ARGS),,tests/faults) -m faults $(ARGS) || [ $$? -eq 5 -a -n "$(ARGS)" ]
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(ARGS),,tests/browser) -m browser $(ARGS) || [ $$? -eq 5 -a -n "$(ARGS)" ]

# Style, types, forgotten migrations, untranslated texts.
lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(CHECK_ENV) $(BIN)/mypy --no-error-summary $(PRODUCT)
	@$(CHECK_ENV) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	@$(BIN)/python -m console.catalogue check

# Put the code into house style.
fmt: .venv/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What the build server runs.
ci: lint test

# Take the pictures of docs/screenshots: every page, both languages, both widths. Needs Chromium.
screenshots: .venv/.dev .venv/.assets .venv/.messages
	@REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q tests/browser/screenshots.py $(ARGS)

# At full size: kills and outages, the fuzzing of the simulated platform, every page in every way.
torture: .venv/.dev .venv/.assets .venv/.messages
	@PROOF_SIZE=full $(BIN)/python -m pytest -s tests/faults tests/simulator/test_fuzz.py \
	tests/simulator/test_fuzz_spending.py $(ARGS)
	@PROOF_SIZE=full $(BIN)/python -m pytest -n 2 --dist loadfile tests/browser -m browser -k test_pages_of

# The speed table at full size; figures go to var/bench (BENCH_ROWS=, ARGS=).
bench: .venv/.dev
	@PROOF_SIZE=full $(BIN)/python -m pytest -s tests/bench $(ARGS)

# Write new texts into the catalogues, tell what is untranslated, compile.
messages: .venv/.run
	@$(BIN)/python -m console.catalogue update
	@$(BIN)/python -m console.catalogue compile

# Install the front-end packages and copy the served files to static/vendor/.
assets: .venv/.assets

# Resolve requirements/*.in anew into hash-pinned locks without addresses.
lock: .venv/.base
	@for name in tool node run dev stranger; do $(LOCK) requirements/$$name.in -o requirements/$$name.lock || exit 1; done

# Remove what was installed and all demo data.
clean:
	@test ! -x $(BIN)/python || test ! -d var || $(BIN)/python manage.py demo --reset || test ! -e .venv/.run
	rm -rf .venv node_modules static/vendor var

# --- Stamps: each step runs again only when what it was made from has changed --------------------------------
.venv/.base: requirements/tool.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed. \
	Name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module. \
	On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tool.lock
	@touch $@

.venv/.run: .venv/.base requirements/run.lock
	@echo "Installing the packages of requirements/run.lock"
	@# compiled once here, rather than by each of the six processes at its first start
	@$(UV_INSTALL) --compile-bytecode -r requirements/run.lock || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	@touch $@

.venv/.dev: .venv/.run requirements/dev.lock
	@echo "Installing the packages of requirements/dev.lock"
	@$(UV_INSTALL) -r requirements/dev.lock || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

# Beside the other packages and not among them: see docs/decisions/python-alipay-sdk.md.
.venv/.stranger: .venv/.base requirements/stranger.lock
	@echo "Installing the packages of requirements/stranger.lock into .venv/stranger"
	@rm -rf .venv/stranger
	@$(UV_INSTALL) --target .venv/stranger -r requirements/stranger.lock || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv/stranger --require-hashes \
	-r requirements/stranger.lock
	@touch $@

.venv/.node_modules: .venv/.base package.json package-lock.json .npmrc requirements/node.lock
	@echo "Installing the front-end packages of package-lock.json"
	@$(BIN)/python -m console.demo.assets install
	@touch $@

.venv/.assets: .venv/.node_modules static/icons.txt console/demo/assets.py
	@$(BIN)/python -m console.demo.assets copy
	@touch $@

.venv/.messages: .venv/.run $(wildcard locale/*/LC_MESSAGES/*.po)
	@$(BIN)/python -m console.catalogue compile
	@touch $@
