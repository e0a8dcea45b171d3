--- @include "includes/layout"
--[[
  The keys that BullMQ keeps beside a job that has, or had, children.
]]
local function appendChildKeys(list, key)
  local n = #list
  list[n + 1], list[n + 2] = key .. ':dependencies', key .. ':processed'
  list[n + 3], list[n + 4] = key .. ':failed', key .. ':unsuccessful'
end
