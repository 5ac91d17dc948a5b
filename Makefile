# What a developer types; `make help` lists it. Needs make, git and Python 3.11 or later with venv and pip.
# PYTHON=python3.13 names another interpreter, ARGS=… goes to the program that a target runs.

PYTHON ?= python3
export PYTHON
# pytest rewrites each test's assertions and keeps the result: without it every run does so again.
export PYTHONDONTWRITEBYTECODE =
BIN := .venv/bin
DEMO := .venv/.demo
DEV := .venv/.dev

.DEFAULT_GOAL := help
.PHONY: help demo test quick check format format-check lint types imports docs prose pages held screenshots fresh windows dist bundle packages fuzz bench coverage breaks lock audit audit-launcher hooks clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile | while IFS='	' read -r name words; do printf '  make %-13s %s\n' "$$name" "$$words"; done

$(DEMO): pyproject.toml constraints.txt tools/environment
	@tools/environment demo

$(DEV): pyproject.toml constraints.txt constraints-dev.txt tools/environment
	@tools/environment dev

demo: $(DEMO) ## See the whole story on this machine: sign-in, kubectl, groups; no provider, no cluster
	@$(BIN)/kubectl-oidc_login demo $(ARGS)

test: $(DEV) ## Run every test, after installing what they need where that is allowed
	@tools/install-test-parts
	@$(BIN)/python -m pytest --parallel --durations=10 $(ARGS)

quick: $(DEV) ## Run the tests that start no process, browser or keyring: a minute at most
	@$(BIN)/python -m pytest --parallel --quick -r fE tests/unit $(ARGS)

check: format-check lint types imports docs prose audit-launcher test ## Everything that must hold before a change is merged

format: $(DEV) ## Format the code
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix-only --quiet

format-check: $(DEV)
	@$(BIN)/ruff format --check

lint: $(DEV) ## Run the linter
	@$(BIN)/ruff check

types: $(DEV) ## Check the types, the program's for macOS and Windows as well
	@$(BIN)/mypy
	@for system in darwin win32; do $(BIN)/mypy --platform $$system --no-warn-unreachable --cache-dir .mypy_cache/$$system kubectl_oidc || exit; done

imports: $(DEV) ## Check which half imports what
	@$(BIN)/lint-imports

docs: $(DEV) ## Build the documentation into site/; a broken link is an error
	@$(BIN)/zensical build --strict --clean

prose: $(DEV) ## Check that pages and docstrings are plain English (ARGS=--report counts the findings by page and rule)
	@tools/install-test-parts
	@$(BIN)/python -m tools.prose $(ARGS)

pages: $(DEV) ## Write docs/reference.md, docs/messages.md, docs/modules.md, docs/events.md, manual page, recipes, the demo's output and its picture anew, from what the program says
	@$(BIN)/python -m tools.reference
	@$(BIN)/python -m tools.messages
	@$(BIN)/python -m tools.man_page
	@$(BIN)/python -m tools.recipes
	@$(BIN)/python -m tools.transcript
	@$(BIN)/python -m tools.picture
	@$(BIN)/python -m tools.modules
	@$(BIN)/python -m tools.events

held: $(DEV) ## Play every scenario of a hostile provider and write docs/hostile-provider.md
	@tools/install-test-parts
	@$(BIN)/python -m pytest --parallel tests/integration/test_hostile_*.py tests/integration/test_secrets.py --write-held $(ARGS)

screenshots: $(DEV) ## Take the pictures in docs/pages/ of what the browser shows at the end of a sign-in
	@$(BIN)/python -m tools.screenshots

fresh: $(DEV) ## Install the wheel into an empty environment with an empty HOME and run the demo there
	@$(BIN)/python -m tools.fresh $(ARGS)

windows: $(DEV) ## Run the demo and the tests that can run there with a Windows Python under Wine (ARGS=--short for fewer)
	@$(BIN)/python -m tools.windows $(ARGS)

dist: $(DEV) ## Build wheel and source archive into dist/, and check them (ARGS=--launcher adds the wheels with the launcher)
	@tools/install-test-parts go
	@$(BIN)/python -m tools.dist $(ARGS)

bundle: $(DEV) ## Build the program with a Python of its own into dist/, for each platform (ARGS="--platform linux-amd64" for one)
	@tools/install-test-parts go
	@$(BIN)/python -m tools.bundle $(ARGS)

packages: $(DEV) ## Build .deb, .rpm and .apk in dist/ from the bundles for Linux there, or from ARGS="--bundle DIR --machine amd64"
	@$(BIN)/python -m tools.packages $(ARGS)

fuzz: ## Throw changed inputs at everything that parses, a minute each (ARGS="--seconds 600 kubeconfig" for more of one)
	@tools/fuzz $(ARGS)

bench: $(DEV) ## Measure what a kubectl waits for, with the launcher, pure, and beside kubelogin, and write docs/performance.md
	@tools/install-test-parts go
	@$(BIN)/python -m bench $(ARGS)

coverage: $(DEV) ## Run the tests and show which lines none of them reaches
	@tools/install-test-parts
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --parallel $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --show-missing --skip-covered

breaks: $(DEV) ## Break each demand of tests/standards.toml: do its tests fail? (ARGS=callback tries those with that word)
	@tools/install-test-parts
	@$(BIN)/python -m tools.breaks $(ARGS)

lock: $(DEV) ## Write the lock files and sbom.cdx.json anew from pyproject.toml (ARGS=--upgrade takes the newest versions)
	@tools/lock $(ARGS)

audit: $(DEV) ## Look up known vulnerabilities of the locked packages and the launcher's modules (ARGS=--must-run fails if a service does not answer)
	@status=0; for audit in audit audit_launcher; do $(BIN)/python -m tools.$$audit $(ARGS) || status=$$?; done; exit $$status

audit-launcher: $(DEV)
	@tools/install-test-parts go
	@$(BIN)/python -m tools.audit_launcher

hooks: $(DEV) ## Run format, lint and types before each commit
	@$(BIN)/pre-commit install

clean: ## Remove what the other targets made
	rm -rf .venv .fuzz .tools build dist site .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
