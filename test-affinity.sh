#!/usr/bin/env bash
# Tasks of one tag run in batches, in order, on one worker at a time.
# Uses the built example application, real processes and a Redis of its own; stops only what it started.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/tools/scenarios/affinity.mjs"
