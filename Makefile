# make app: the page on http://127.0.0.1:7860.   make test: everything CI checks.
# make bench: the speed figures.                 make load: three hundred students at their sliders.
# make space: the folder of a Space.             make check-space: would a ZeroGPU Space install it?
PYTHON ?= python3
BIN = .venv/bin
ARGS ?=

.PHONY: app test bench load space check-space chromium

app: .venv/app.stamp
	$(BIN)/python app.py $(ARGS)

test: .venv/dev.stamp chromium
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(ARGS)

bench: .venv/dev.stamp chromium
	$(BIN)/python -m tests.bench

load: .venv/dev.stamp
	$(BIN)/python -m tests.load $(ARGS)

space: .venv/dev.stamp
	$(BIN)/python -m deploy.space $(ARGS)

# Python and torch as ZeroGPU had them in August 2026: the newest, and the oldest.
check-space: space
	@for pair in 3.12:2.11.0 3.10:2.8.0; do \
		printf 'torch==%s\nspaces\ngradio==%s\n' "$${pair#*:}" \
			"$$(sed -n 's/^sdk_version: //p' build/space/README.md)" | \
			$(BIN)/uv pip compile --quiet --python-version "$${pair%:*}" --python-platform x86_64-manylinux_2_28 \
			build/space/requirements.txt - | grep -E '^(gradio|spaces|torch|torchvision)==' || exit 1; \
		echo "build/space resolves for a ZeroGPU Space (Python $${pair%:*}, torch $${pair#*:})"; \
	done

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.10 to 3.13 is missing: install it, or name one with PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 13) else "Python 3.10 to 3.13 is needed, this is %d.%d: name another with PYTHON=…" % v)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/app.stamp: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch .venv/app.stamp $@

chromium: .venv/dev.stamp
	@$(BIN)/python -m tests.browser.find 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } || \
		$(BIN)/python -m playwright install chromium
