--[[
  A candidate takes the election lock if it is free, if it holds it already (its term goes on: it won, and the reply was
  lost), or from a holder that shows no life.

  KEYS[1..3], ARGV[1..3]  see includes/layout.lua; ARGV[3] is the candidate's nodeId
  KEYS[4]  epoch (string; outlives the lock)   KEYS[5]  leader info (JSON)   KEYS[6]  vacancy (zset, wakes a follower)
  ARGV[4]  lock TTL in ms
  ARGV[5]  leader info as JSON, with __EPOCH__ where the epoch goes
  ARGV[6]  lock value of a holder whose info the candidate has not seen change for the heartbeat timeout; or ""
  ARGV[7]  layout version
  ARGV[8]  that info
  ARGV[9]  host of the candidate's process, ARGV[10] the process, "<pid>:<start time>"; "" or left out where neighbours cannot
           see it end
  Returns  { 1, "nodeId:epoch", info of a leader that did not resign, or "", neighbours } won
           { 0, lock value, PTTL (-1: no expiry), leader info or "", neighbours } held by another
           neighbours: "<pid>:<start time>" of each other process of this queue on that host
           LAYOUT_MISMATCH
]]
--- @include "includes/events"
--- @include "includes/neighbours"

if (rcall('HGET', ctlKey, 'layout') or ARGV[7]) ~= ARGV[7] then return LAYOUT_MISMATCH end
local host, process = ARGV[9] or '', ARGV[10] or ''
local neighbours = process == '' and {} or neighboursOf(host, process)
local held, info = rcall('GET', lockKey), rcall('GET', KEYS[5]) or ''
if held and string.sub(held, 1, #caller + 1) == caller .. ':' then
  rcall('PEXPIRE', lockKey, ARGV[4])
  return { 1, held, '', neighbours }
end
--- @bug "a candidate takes a lock that is held" if false then return end
if held and not (held == ARGV[6] and info == ARGV[8]) then return { 0, held, rcall('PTTL', lockKey), info, neighbours } end

-- A double holds 2^53, a microsecond clock needs 51 bits; %.0f keeps every digit, tostring would not.
local time = rcall('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
--- @bug "an epoch that does not rise" local epoch = rcall('GET', KEYS[4]) or string.format('%.0f', now)
local epoch = string.format('%.0f', math.max(tonumber(rcall('GET', KEYS[4]) or 0) + 1, now))
local value = caller .. ':' .. epoch
rcall('DEL', KEYS[6]) -- first: it is allowed when Redis is full, and what follows in the same script then is too
rcall('HSETNX', ctlKey, 'layout', ARGV[7])
rcall('SET', KEYS[4], epoch)
rcall('SET', lockKey, value, 'PX', ARGV[4])
rcall('SET', KEYS[5], (string.gsub(ARGV[5], '__EPOCH__', epoch)))
rcall('HDEL', ctlKey, 'leaderless', 'leader')
if process ~= '' then
  rcall('HSET', ctlKey, 'leader', value .. ' ' .. host .. ' ' .. process)
  askNeighbours(host, process)
end
--- @witness "elected", "leader", value
emit('leaderChanged', 'nodeId', caller, 'epoch', epoch, 'superseded', held or '')
wakeLeader()
return { 1, value, info, neighbours }
