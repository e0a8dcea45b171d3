--- @include "includes/release"
--[[
  What is said of an attempt against where its worker stands.
]]
local function compareAttempt(standing, id, attempt)
  --- @bug "an outcome without asking who runs the task" if true then return 'current' end
  if standing.id == id and standing.attempt == attempt then return 'current' end
  if standing.last == id .. ':' .. attempt then return 'committed' end
  return NOT_OWNER
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
