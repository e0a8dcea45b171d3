--- @include "includes/fence"
--- @include "includes/take"
--[[
  The check in front of every script that ends an attempt.

  attemptState(worker, id, attempt) returns
    'current'    the worker runs exactly this attempt
    'committed'  this attempt has been committed already (its reply was lost): the caller answers as before
    a code < 0   the worker is fenced, or does not hold this attempt
]]
local function attemptState(worker, id, attempt)
  if not isRegistered(worker) then return FENCED_WORKER end
  local meta = workerMeta(worker, 'cur', 'att', 'last')
  if meta[1] == id and meta[2] == attempt then return 'current' end
  if meta[3] == id .. ':' .. attempt then return 'committed' end
  return NOT_OWNER
end

local function forgetCurrent(worker, id, attempt)
  rcall('HDEL', workerKey(worker, 'meta'), 'cur', 'att', 'seq')
  rcall('HSET', workerKey(worker, 'meta'), 'last', id .. ':' .. attempt)
end

-- A code of BullMQ that says the task is no longer ours (gone, unlocked, locked by another, not active).
local function isLost(code) return code == -1 or code == -2 or code == -3 or code == -6 end

-- A worker that begins or ceases to run short tasks becomes a candidate for look-aheads, or is one no longer.
local function noteLength(worker, short)
  local meta = workerMeta(worker, 'short', 'tag', 'ntag')
  if (meta[1] or '0') == short then return end
  rcall('HSET', workerKey(worker, 'meta'), 'short', short)
  if short == '1' and meta[2] and not meta[3] then
    rcall('RPUSH', keys.hungry, worker)
    if rcall('EXISTS', keys.ring) == 1 then wakeLeader() end
  elseif short == '0' then
    rcall('LREM', keys.hungry, 0, worker)
  end
end

local function slice(list, from)
  local part = {}
  for i = from, #list do part[#part + 1] = list[i] end
  return part
end
