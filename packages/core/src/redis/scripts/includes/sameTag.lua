--- @include "includes/taskTag"
--[[
  A task that is indexed or runs keeps its tag: its place in the order, and the worker that it is bound to, follow from it.
]]
local CHANGES_TAG = 1

local function changesTag(id, tag)
  if not rcall('ZSCORE', keys.seq, id) and rcall('EXISTS', jobKey(id) .. ':lock') == 0 then return false end
  return tagOf(id) ~= tag
end
