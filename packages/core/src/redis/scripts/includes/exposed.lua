--- @include "includes/unindex"
--- @include "includes/taskTag"
--- @include "includes/slice"
--[[
  BullMQ's own scripts look for waiting tasks in lists. While one of them runs, indexed and dispatched tasks are shown to it
  in a list (the head, which is the oldest, on the right); what it has removed is forgotten here afterwards.
]]
-- `ids` begin with the oldest.
local function expose(ids, list)
  goOnWhenFull()
  local exposed = {}
  for i = #ids, 1, -1 do
    exposed[#exposed + 1] = { ids[i], indexedTagOf(ids[i]) }
    rcall('RPUSH', list, ids[i])
  end
  return exposed
end

-- Returns the ids that were removed, the oldest first.
local function conceal(exposed, list)
  local removed = {}
  for i = #exposed, 1, -1 do
    local id, tag = unpack(exposed[i])
    if rcall('EXISTS', jobKey(id)) == 1 then
      rcall('LREM', list, -1, id)
    else
      unindex(id, tag)
      removed[#removed + 1] = id
    end
  end
  return removed
end

-- Ids of the indexed and dispatched tasks among a job and all that BullMQ may remove with it: its children and theirs.
local function indexedFamily(rootKey, withChildren)
  local ids, seen, open = {}, {}, { rootKey }
  while #open > 0 do
    local key = table.remove(open)
    if not seen[key] then
      seen[key] = true
      local id = string.sub(key, 1, #base) == base and string.sub(key, #base + 1)
      if id and rcall('ZSCORE', keys.seq, id) then ids[#ids + 1] = id end
      if withChildren then
        for _, children in ipairs({
          rcall('SMEMBERS', key .. ':dependencies'), rcall('HKEYS', key .. ':processed'),
          rcall('HKEYS', key .. ':failed'), rcall('ZRANGE', key .. ':unsuccessful', 0, -1),
        }) do
          for _, child in ipairs(children) do open[#open + 1] = child end
        end
      end
    end
  end
  return ids
end
