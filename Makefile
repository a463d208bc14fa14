# Everything is in course.py, so that systems without make have it too: `py course.py lab`.
PYTHON ?= python3

.PHONY: lab setup test test-fast test-matrix lint bench lock clean help
.DEFAULT_GOAL := help

lab setup test test-fast test-matrix lint bench lock clean help:
	@$(PYTHON) course.py $@ $(ARGS)
