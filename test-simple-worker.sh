#!/usr/bin/env bash
# The documented log lines and state of workers, and one task of each type.
# Uses the built example application, real processes and a Redis of its own; stops only what it started.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/tools/scenarios/simple-worker.mjs"
