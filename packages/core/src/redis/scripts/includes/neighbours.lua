--- @include "includes/workers"
--[[
  Processes on the same host (one boot of one kernel, one pid namespace) see one another end. A queue keeps a hash per host,
  worker -> "<pid>:<start time>", so that a heartbeat can name the neighbours to look at; the field "leader" of the control
  hash says the same of whoever holds the lock: "<lock value> <host> <pid>:<start time>".
]]

-- In the place of a heartbeat counter: a neighbour has seen that the worker's process is dead. A heartbeat that was still under
-- way makes a counter of it again.
local PROCESS_DIED = '-1'

-- In the zset on which an instance waits: its workers of this queue are asked for a heartbeat.
local beatMember = 'beat:' .. base

local function hostKey(host) return base .. 'aff:host:' .. host end

local function forgetProcess(worker)
  local host = workerMeta(worker, 'host')[1]
  if host then redis.pcall('HDEL', hostKey(host), worker) end
end

-- Host and process of whoever holds the lock, if they are known.
local function leaderProcess()
  local held, told = rcall('GET', lockKey), rcall('HGET', ctlKey, 'leader')
  if not held or not told or string.sub(told, 1, #held + 1) ~= held .. ' ' then return nil end
  return string.match(string.sub(told, #held + 2), '^(%S+) (%S+)$')
end

-- The other processes of this queue on a host, each once.
local function neighboursOf(host, process)
  local seen, processes = { [process] = true }, {}
  local function see(other)
    if not seen[other] then
      seen[other] = true
      processes[#processes + 1] = other
    end
  end
  -- pcall: heartbeats do not fail because of a key that somebody has damaged; an error has no entries.
  for _, other in ipairs(redis.pcall('HVALS', hostKey(host))) do see(other) end
  local leaderHost, leader = leaderProcess()
  if leaderHost == host then see(leader) end
  return processes
end

-- Makes the neighbours of a process that has just come send their heartbeats now: the replies tell them of it.
local function askNeighbours(host, process)
  local entries, asked = rcall('HGETALL', hostKey(host)), {}
  for i = 1, #entries, 2 do
    local marker = entries[i + 1] ~= process and workerMeta(entries[i], 'marker')[1]
    if marker and not asked[marker] then
      asked[marker] = true
      rcall('ZADD', marker, 0, beatMember)
    end
  end
end
