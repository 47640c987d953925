# Two commands matter: make demo, make test. Everything they need they fetch themselves.
# The same without make (Windows): py app.py demo, py app.py test.
.DEFAULT_GOAL := help
.PHONY: help demo test check test-all peers browser bench chaos chaos-proof crash day doctor-pairs words release format lock clean
PYTHON ?=
ARGS ?=
export PYTHON
RUN := sh infra/preflight.sh

help:  ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile

demo:  ## Watch "meet now" become a card; nothing leaves this computer (ARGS='--say "@Muster meet now"')
	@$(RUN) app.py demo $(ARGS)

test:  ## Every gate: format, lint, types, imports, tests with coverage (ARGS='-k meet tests/journeys')
	@$(RUN) app.py test $(ARGS)

check:  ## The gates without the tests
	@$(RUN) app.py test --gates

test-all:  ## The tests on every Python from 3.11 on that is found here, each in a .venv of its own
	@$(RUN) app.py test --every-python

peers:  ## Microsoft's own client of Graph drives the sandbox's, in a .venv-peers of its own
	@$(RUN) app.py test peers $(ARGS)

browser:  ## Each card drawn by Microsoft's renderer, and its Agents Playground, in Chromium (ARGS='--pictures /some/folder')
	@$(RUN) app.py test browser $(ARGS)

chaos:  ## Replicas die while people ask; the verdict says what was lost or doubled (SEED=7 MINUTES=5 BREAK=fence READING=1)
	@$(RUN) app.py test chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(BREAK),--break $(BREAK)) $(if $(READING),--reading) $(ARGS)

chaos-proof:  ## Builds broken on purpose, one after the other: the verdict finds out each of them (SEED=7)
	@$(RUN) app.py test chaos --proof $(if $(SEED),--seed $(SEED)) $(ARGS)

crash:  ## Every crash point on both stores, by SIGKILL and by SIGSTOP (make test runs each point once)
	@$(RUN) app.py test -m "long or not long" -n 4 $(ARGS) tests/crash

bench:  ## Muster beside a bare aiohttp server and a plain botbuilder bot, in one table, 3 minutes (ARGS='--rounds 1')
	@$(RUN) app.py test bench $(ARGS)

day:  ## A company of 300,000 lives a Monday in virtual time, and its nine o'clock in real time (SEED=7 BREAK=dedupe)
	@$(RUN) app.py test day $(if $(SEED),--seed $(SEED)) $(if $(BREAK),--break $(BREAK)) $(ARGS)

doctor-pairs:  ## Doctor with every two of the sandbox's faults together (make test tries each fault, and some pairs)
	@$(RUN) app.py test -m "long or not long" $(ARGS) tests/doctor

words:  ## Renew cards/locale/*.po from the code and list what is not translated (ARGS=nl begins a language)
	@$(RUN) app.py test words $(ARGS)

release:  ## Every gate, and every language complete
	@$(RUN) app.py test --release

format:  ## Rewrite the code as the formatter wants it
	@$(RUN) app.py test --fix

lock:  ## Resolve infra/locks anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pipx install uv" >&2; exit 2; }
	$(call resolve,serve)
	$(call resolve,demo,--extra demo)
	$(call resolve,test,--extra demo --group test)
	$(call resolve,peers,--extra demo --group test --group peers)

clean:  ## Remove what the other targets made here
	rm -rf .venv .venv-3.* .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build tests/browser/node_modules
	find app.py bot cards tests -name __pycache__ -prune -exec rm -rf {} +

# The locks name no host and no path: whoever installs says where packages come from.
resolve = uv pip compile --quiet --universal --generate-hashes --no-emit-find-links --python-version 3.11 \
	--custom-compile-command 'make lock' $(2) pyproject.toml -o infra/locks/$(1).txt $(UPGRADE)
