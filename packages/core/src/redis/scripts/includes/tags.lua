--- @include "includes/layout"
--[[
  Ownership of tags and the ring.

  A tag is in the ring, once, exactly while it is ready: it has indexed tasks, fewer owners than its limit, and is neither
  parked nor paused. Every change to one of these goes between `isReady` and `settle`, which keeps that true.
]]
local function ownersOf(tag)
  local owners = {}
  for worker in string.gmatch(rcall('HGET', keys.owners, tag) or '', '%S+') do owners[#owners + 1] = worker end
  return owners
end

local function addOwner(tag, worker)
  local owners = rcall('HGET', keys.owners, tag)
  rcall('HSET', keys.owners, tag, owners and (owners .. ' ' .. worker) or worker)
end

-- Removes one entry of the worker; with a limit above 1 it may own a tag twice, by its batch and by its look-ahead.
local function removeOwner(tag, worker)
  local left, removed = {}, false
  for _, owner in ipairs(ownersOf(tag)) do
    if owner == worker and not removed then removed = true else left[#left + 1] = owner end
  end
  if #left == 0 then rcall('HDEL', keys.owners, tag) else rcall('HSET', keys.owners, tag, table.concat(left, ' ')) end
end

local limits -- { default, 1: some tags have their own }, read once per script

local function limitOf(tag)
  limits = limits or rcall('HMGET', ctlKey, 'limit', 'limits')
  if limits[2] == '1' then
    local own = rcall('HGET', keys.limits, tag)
    if own then return tonumber(own) end
  end
  return tonumber(limits[1] or 1)
end

-- Whether the tag is in a back-off or paused.
local function isHeld(tag)
  return rcall('ZSCORE', keys.parked, tag) or rcall('SISMEMBER', keys.pausedTags, tag) == 1
end

-- The usual reason why a tag is not ready comes first. `hasNoOwner`, where the caller knows that.
local function isReady(tag, hasNoOwner)
  if not hasNoOwner then
    local owners = ownersOf(tag)
    if #owners > 0 and #owners >= limitOf(tag) then return false end
  end
  return rcall('EXISTS', tagKey(tag)) == 1 and not isHeld(tag)
end

-- `where` is 'head' for tasks that come back from a dead worker; anything else joins the end of the ring.
local function settle(tag, wasReady, where, hasNoOwner)
  local ready = isReady(tag, hasNoOwner)
  if ready and not wasReady then
    --- @bug "a released tag that goes first" rcall('LPUSH', keys.ring, tag)
    rcall(where == 'head' and 'LPUSH' or 'RPUSH', keys.ring, tag)
  elseif wasReady and not ready then
    rcall('LREM', keys.ring, 1, tag)
  end
  return ready
end

-- Makes a worker an owner of a tag that was ready, and that the caller has taken out of the ring.
local function own(tag, worker)
  if limitOf(tag) <= 1 then
    rcall('HSET', keys.owners, tag, worker) -- it had no other, or it would not have been ready
  else
    addOwner(tag, worker)
    settle(tag, false)
  end
end

-- Ends that a worker owns a tag; parks the tag until `parkUntil`, if given.
local function unbind(tag, worker, parkUntil)
  local isSole = limitOf(tag) <= 1 and rcall('HGET', keys.owners, tag) == worker
  local wasReady = not isSole and isReady(tag)
  if isSole then rcall('HDEL', keys.owners, tag) else removeOwner(tag, worker) end
  if parkUntil then rcall('ZADD', keys.parked, 'GT', parkUntil, tag) end
  --- @witness when parkUntil: "parked", "tag", tag
  --- @bug "a released tag that is forgotten"
  settle(tag, wasReady, nil, isSole)
end
