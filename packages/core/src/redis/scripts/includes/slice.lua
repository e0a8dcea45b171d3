--- @include "includes/layout"
--[[
  A part of KEYS or ARGV, for a script of BullMQ.
]]
local function slice(list, from)
  local part = {}
  for i = from, #list do part[#part + 1] = list[i] end
  return part
end
