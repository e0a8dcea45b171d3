#!/usr/bin/env bash
# Several workers run at the same moment, each on a tag of its own.
# Uses the built example application, real processes and a Redis of its own; stops only what it started.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/tools/scenarios/parallel.mjs"
