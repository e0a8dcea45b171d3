--- @include "includes/release"
--[[
  What a worker's meta knows about its attempts: the current one (cur, att) and the one that was committed last (last).
]]
local function compareAttempt(cur, att, last, id, attempt)
  --- @bug "an outcome without asking who runs the task" if true then return 'current' end
  if cur == id and att == attempt then return 'current' end
  if last == id .. ':' .. attempt then return 'committed' end
  return NOT_OWNER
end

local function forgetCurrent(worker, id, attempt)
  rcall('HDEL', workerKey(worker, 'meta'), 'cur', 'att', 'seq')
  rcall('HSET', workerKey(worker, 'meta'), 'last', id .. ':' .. attempt)
end

-- A worker that begins or ceases to run short tasks becomes a candidate for look-aheads, or is one no longer. `noted` is what
-- its meta has.
local function noteLength(worker, short, noted)
  if noted == short then return end
  local wasShort, tag, ntag, leaving = unpack(workerMeta(worker, 'short', 'tag', 'ntag', 'leaving'))
  if (wasShort or '0') == short then return end
  rcall('HSET', workerKey(worker, 'meta'), 'short', short)
  if short == '1' and tag and not ntag then
    if feedLater(worker, short, leaving) and rcall('EXISTS', keys.ring) == 1 then wakeLeader() end
  elseif short == '0' then
    rcall('LREM', keys.hungry, 0, worker)
  end
end
