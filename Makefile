# Everything a newcomer needs: `make demo` and `make test`. Only Python 3.11 has to be there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow coverage lint bench docs format clean

demo: $(VENV)/demo.stamp  ## set up and run the built-in demo
	$(BIN)/andornot demo --out demo

test: $(VENV)/dev.stamp lint  ## lint, types, fast tests
	$(BIN)/python -m pytest -m "not slow" -n auto

test-slow: $(VENV)/dev.stamp  ## the tests that take longer
	$(BIN)/python -m pytest -m slow -n auto

coverage: $(VENV)/dev.stamp  ## what the fast tests run: in the terminal, and line by line in htmlcov/
	$(BIN)/python -m pytest -m "not slow" -n auto --cov --cov-report=term --cov-report=html

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp  ## the speed at the size of the paper's data
	$(BIN)/python -m benchmarks

docs: $(VENV)/dev.stamp  ## the site, in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

clean:
	rm -rf $(VENV) build dist docs/_build htmlcov .coverage* *.egg-info .pytest_cache .mypy_cache .ruff_cache

# constraints.txt pins what we test with; the package itself asks only for ranges.
$(VENV)/demo.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[demo]"
	touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[dev]"
	touch $@
