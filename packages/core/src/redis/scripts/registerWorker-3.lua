--[[
  A worker joins its queue. Idempotent for the same workerId and node.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the workerId, new at every process start
  ARGV[4]  layout version
  ARGV[5]  nodeId
  ARGV[6]  marker key of the instance, on which its workers wait
  ARGV[7]  key of the documented worker state
  ARGV[8]  registry entry, JSON
  ARGV[9]  how long its lease lasts after a heartbeat, ms: the leader waits as long before it declares the worker dead
  ARGV[10] host of its process, ARGV[11] the process, "<pid>:<start time>"; "" or left out where neighbours cannot see it end
  Returns  1, or LAYOUT_MISMATCH, FOREIGN_QUEUE (the worker queue is stamped by another pending queue), NOT_OWNER (the id
           is another node's, or another process'), INVALID_ARGUMENT
]]
--- @include "includes/fence"
--- @include "includes/neighbours"
--- @include "includes/release"

if not tonumber(ARGV[9]) then return INVALID_ARGUMENT end
if (rcall('HGET', ctlKey, 'layout') or ARGV[4]) ~= ARGV[4] then return LAYOUT_MISMATCH end
local metaKey = workerKey(caller, 'meta')
local host, process = ARGV[10] or '', ARGV[11] or ''
local stamp, node, tag, registered = unpack(rcall('HMGET', metaKey, 'queue', 'node', 'tag', 'process'))
if stamp and stamp ~= base then return FOREIGN_QUEUE end
if node and (node ~= ARGV[5] or (registered or '') ~= process) then return NOT_OWNER end
--- @bug "a worker that registers twice is idle twice"
if isRegistered(caller) then return 1 end
goOnWhenFull()
rcall('HSETNX', ctlKey, 'layout', ARGV[4])
-- `entry` tells a person whose queue this was when it is found orphaned. Being longer than 64 bytes it also makes Redis keep the
-- hash as a table and not as a list that is searched from its head for each field.
rcall('HSET', metaKey, 'queue', base, 'node', ARGV[5], 'marker', ARGV[6], 'state', ARGV[7], 'lease', ARGV[9],
  'entry', ARGV[8])
if process ~= '' then
  rcall('HSET', metaKey, 'host', host, 'process', process)
  rcall('HSET', hostKey(host), caller, process)
  askNeighbours(host, process)
end
rcall('HSET', registryKey, caller, ARGV[8])
rcall('HSET', keys.beats, caller, 0)
-- Without a registry (it was deleted) the worker may have a batch, or be idle, already.
--- @bug "a worker that registers twice is idle twice"
rcall('LREM', keys.idle, 0, caller)
if not tag then
  rcall('RPUSH', keys.idle, caller)
  showState(caller, ARGV[7])
end
--- @witness "registered", "worker", caller, "node", ARGV[5]
if rcall('EXISTS', keys.ring, keys.ahead) > 0 then wakeLeader() end
return 1
