--- @include "includes/layout"
--[[
  Where a worker stands: its field of aff:standings. Its instance is told the text and says it again with the outcome: as long
  as it is still the same, nothing has happened to the worker meanwhile, and nothing else has to be read. Those of all workers
  are in one hash, so that one command reads or writes what a whole instance needs.

    [~]<short>:<attempt>:<taken of the batch>:<fencing token>:<place in the order>:<length of last>:<last> <id>

  Attempt, place and id are those of the current task, empty without one; what was taken counts for the batch of the fencing
  token; `last` is the last committed "id:attempt". `~`: something else of the worker has changed since.
]]
local function standingTextOf(worker) return rcall('HGET', keys.standings, worker) end

local function writeStanding(worker, text) rcall('HSET', keys.standings, worker, text) end

local function readStanding(text)
  local short, attempt, done, fence, seq, length, from =
    string.match(text or '', '^~?([01]):(%d*):(%d+):(%d*):([^:]*):(%d+):()')
  if not short then return { id = false, attempt = '', done = 0, fence = '', seq = '', last = '', short = '0' } end
  local id = string.sub(text, from + length + 1)
  return {
    id = id ~= '' and id, attempt = attempt, done = tonumber(done), fence = fence, seq = seq, short = short,
    last = string.sub(text, from, from + length - 1),
  }
end

local function standingText(short, attempt, done, fence, seq, id, last)
  return short .. ':' .. attempt .. ':' .. done .. ':' .. fence .. ':' .. seq .. ':' .. #last .. ':' .. last .. ' ' .. id
end

-- How many tasks of a batch were taken.
local function takenOf(standing, fence) return standing.fence == fence and standing.done or 0 end
