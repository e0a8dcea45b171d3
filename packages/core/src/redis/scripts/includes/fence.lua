--- @include "includes/layout"
--[[
  isLeader: the caller holds the election lock under exactly this epoch. A refused caller has taken the marker that woke
  it, so the marker is set again for the leader that exists.
]]
local function isLeader()
  goOnWhenFull()
  if rcall('GET', lockKey) == caller then return true end
  wakeLeader()
  return false
end

-- A worker that was declared dead, or has retired, is not in the registry: whatever it sends is refused.
local function isRegistered(worker) return rcall('HEXISTS', registryKey, worker) == 1 end
