--[[
  Names every key and every common argument that the scripts share. Each script of this folder is called with

    KEYS[1]  election lock           (string "nodeId:epoch")
    KEYS[2]  worker registry         (hash workerId -> JSON)
    KEYS[3]  control hash            (fields: layout, seq, fence, size, limit, limits, leaderless, leader; flows and logs: see
                                     includes/children.lua)
    ARGV[1]  base of the pending queue's keys, "<prefix>:<pendingQueueName>:"
    ARGV[2]  base of the worker queues' keys,  "<prefix>:<workerQueuePrefix>-"
    ARGV[3]  the caller: "nodeId:epoch" of a leader, a workerId, or "" for a front-door call

  and derives the other keys from the two bases. Lists keep BullMQ's orientation: the head (next to run) is on the right.

  Keys of a pending queue
    aff:ring         list of the tags that wait for a worker, next one on the left
    aff:tag:<tag>    list of the indexed task ids of one tag
    aff:seq          zset id -> sequence number: every task that is indexed or dispatched and has not been taken
    aff:owners       hash tag -> worker ids, separated by spaces (a tag without owner has no field)
    aff:limits       hash tag -> how many owners that tag may have, where it differs from the default
    aff:parked       zset tag -> when its back-off ends, in ms of Redis' clock
    aff:pausedtags   set of the tags that pauseTag stopped
    aff:idle         list of the workers without a batch, longest idle on the left
    aff:hungry       list of the workers that have a batch of short tasks and no look-ahead
    aff:ahead        list of the workers that have a look-ahead, oldest on the left
    aff:standings    hash workerId -> where the worker stands (includes/standing.lua)
    aff:beats        hash workerId -> heartbeat counter; "-1" once a neighbour has seen that its process is dead
    aff:host:<host>  hash workerId -> "<pid>:<start time>" of its process, for each host (see includes/neighbours)
    aff:deaths       zset, wakes the leader's recovery after such a report
    aff:touched      set of tags that got tasks while a worker had them, until the leader has looked at their batches
    aff:call:<chain> string, number of the latest call on a chain of addTasks (see there); it expires
    aff:resign       zset of the lock values of leaders that are asked to resign

  Keys of a worker, "<ARGV[2]><workerId>:"
    wait             list of the task ids of its batch that it has not taken yet
    next             list of the task ids of its look-ahead
    meta             hash: queue (the stamp: ARGV[1]), state, marker, node, lease (ms, the worker's own), entry (its first
                     registry entry); host and process, as in aff:host; suspect (counter and nodeId of whoever asked for a
                     sign of life); of the batch: tag, batch, fence; of the look-ahead: ntag, nbatch, nfence; short (1: its
                     tasks are short); leaving (1: it gets nothing new); cancelled (the last cancelled "attempt:seq:id")
]]
local rcall = redis.call
local lockKey, registryKey, ctlKey = KEYS[1], KEYS[2], KEYS[3]
local base, workerBase, caller = ARGV[1], ARGV[2], ARGV[3]

local suffixes = {
  wait = 'wait', active = 'active', prioritized = 'prioritized', delayed = 'delayed', completed = 'completed',
  events = 'events', meta = 'meta', marker = 'marker', limiter = 'limiter', ring = 'aff:ring', seq = 'aff:seq',
  owners = 'aff:owners', limits = 'aff:limits', parked = 'aff:parked', pausedTags = 'aff:pausedtags', idle = 'aff:idle',
  hungry = 'aff:hungry', ahead = 'aff:ahead', standings = 'aff:standings', beats = 'aff:beats', touched = 'aff:touched',
  resign = 'aff:resign', deaths = 'aff:deaths',
}

-- The keys of the queue by name. A script uses few of them: each is put together when it is asked for.
local keys = setmetatable({}, {
  __index = function(known, name)
    local key = base .. suffixes[name]
    known[name] = key
    return key
  end,
})

-- Codes of our own start below -100, so that they never meet those of BullMQ.
local FENCED_WORKER, STALE_LEADER, LAYOUT_MISMATCH = -101, -102, -103
local NOT_FOUND, NOT_OWNER, INVALID_ARGUMENT = -104, -105, -106
local STILL_RUNNING, FOREIGN_QUEUE, NOT_PLAIN = -107, -108, -109

local function jobKey(id) return base .. id end

local function tagKey(tag) return base .. 'aff:tag:' .. tag end

local function workerKey(worker, suffix) return workerBase .. worker .. ':' .. suffix end

-- Redis' wall clock in whole milliseconds.
local function nowMs()
  local time = rcall('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- An id without a job hash is no task: it was removed, or something else put the id into a list. A job's hash has a
-- timestamp; the queue's own keys, whose names could be ids, have none (pcall: most of them are no hashes).
local function isTask(id) return redis.pcall('HEXISTS', jobKey(id), 'timestamp') == 1 end

-- A full Redis refuses commands that need memory, but only until a script's first write. Scripts that keep a lease or let
-- tasks end, which frees memory, make this their first write; it changes nothing.
local function goOnWhenFull() rcall('DEL', base .. 'aff:none') end

-- Wakes the leader: the same marker that every add of BullMQ sets.
local function wakeLeader() rcall('ZADD', keys.marker, 0, '0') end

-- Here the tool that embeds the scripts begins a function: what follows captures all of the above at little cost.
--- @body
