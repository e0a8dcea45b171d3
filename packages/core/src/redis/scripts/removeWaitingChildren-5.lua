--[[
  Removes the children of a task that have not been processed and do not run. Written by BullMQ's own script.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is ""
  KEYS[4..5]  the keys of BullMQ's removeUnprocessedChildren (KEYS[4]: the task's hash)
  ARGV[4..5]  the arguments of BullMQ's removeUnprocessedChildren
  Returns  0
]]
--- @include "includes/exposed"
--- @bullmq "removeUnprocessedChildren"

local exposed = expose(indexedFamily(KEYS[4], true), keys.wait)
bullmq(slice(KEYS, 4), slice(ARGV, 4))
conceal(exposed, keys.wait)
return 0
