#!/usr/bin/env bash
# All scenarios: affinity, parallel, simple-worker, recovery, election.
# Uses the built example application, real processes and a Redis of its own; stops only what it started.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/tools/scenarios/suite.mjs"
