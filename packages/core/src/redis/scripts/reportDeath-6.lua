--[[
  An instance has seen that a process on its own host is dead, the one that registered there as exactly this pid and start
  time. The leader is to recover its workers now instead of waiting until they have been silent for long enough; and if it
  held the lock, that is given up for it, and a follower is woken. Whoever registered as another process is left alone.

  A machine that was cloned while it ran has the same boot id as the other one, and its processes are not there. So workers of
  a process that the caller has never seen alive are first asked for a heartbeat; they are dead if there has been none by the
  time the same caller reports them again. Idempotent.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the nodeId of the instance that saw it
  KEYS[4]  epoch   KEYS[5]  leader info   KEYS[6]  vacancy (zset, wakes a follower)
  ARGV[4]  host   ARGV[5]  the process, "<pid>:<start time>"   ARGV[6]  1: the caller has seen it alive
  Returns  { how many workers are to be recovered, how many were asked, lock value that was given up, or "" }
]]
--- @include "includes/neighbours"

local host, process = ARGV[4], ARGV[5]

local function isSilent(worker)
  local beat = rcall('HGET', keys.beats, worker) or '0'
  local told, marker = unpack(workerMeta(worker, 'suspect', 'marker'))
  if ARGV[6] == '1' or beat == PROCESS_DIED or told == beat .. ':' .. caller then return true end
  -- Whoever asked first waits for the answer.
  if told and string.sub(told, 1, #beat + 1) == beat .. ':' then return false end
  rcall('HSET', workerKey(worker, 'meta'), 'suspect', beat .. ':' .. caller)
  if marker then rcall('ZADD', marker, 0, beatMember) end
  return false
end

goOnWhenFull()
local dead, asked, entries = 0, 0, rcall('HGETALL', hostKey(host))
for i = 1, #entries, 2 do
  local worker = entries[i]
  --- @bug "a worker of another process is reported dead" if true then
  if entries[i + 1] == process then
    local itsHost, itsProcess = unpack(workerMeta(worker, 'host', 'process'))
    --- @bug "a worker of another process is reported dead" if false then
    if itsHost ~= host or itsProcess ~= process then
      rcall('HDEL', hostKey(host), worker)
    elseif isSilent(worker) then
      dead = dead + 1
      rcall('HSET', keys.beats, worker, PROCESS_DIED)
    else
      asked = asked + 1
    end
  end
end
if dead > 0 then
  rcall('ZADD', keys.deaths, 0, process)
  rcall('PEXPIRE', keys.deaths, 60000)
end
local leaderHost, leader = leaderProcess()
if leaderHost ~= host or leader ~= process or (dead == 0 and ARGV[6] ~= '1') then return { dead, asked, '' } end
local held = rcall('GET', lockKey)
rcall('DEL', lockKey, KEYS[5])
rcall('HDEL', ctlKey, 'leader')
rcall('ZADD', KEYS[6], 0, caller)
rcall('PEXPIRE', KEYS[6], 60000)
--- @witness "deposed", "leader", held
return { dead, asked, held }
