-- Applies a frame to some buckets: all of it or nothing.
--
-- KEYS: the n checkpoints of the buckets, then the documents.
-- ARGV: n, fence, epoch, from, from's event, to, to's event, mode, then for each document: its bucket (1 to n), its
-- position, its time to live in milliseconds (0: for ever), its value. Mode "set" writes documents, "drop" removes them
-- instead, for a server that is out of memory: absent documents are read elsewhere, so nothing is wrong.
--
-- Returns {"ok"}, or {why, number of the bucket, its checkpoint}.
local n, fence, epoch = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local from, to, mode = tonumber(ARGV[4]), tonumber(ARGV[6]), ARGV[8]
local held = redis.call('mget', unpack(KEYS, 1, n))
local due = {}
for i = 1, n do
    local checkpoint = held[i]
    local e, p, id, f = string.match(checkpoint or '', '^(%d+) (%d+) (%S+) (%d+)$')
    if e then
        p, f = tonumber(p), tonumber(f)
        if f > fence then
            return {'fenced', i, checkpoint}
        end
        if e ~= epoch or (p == from and id ~= ARGV[5]) or (p == to and id ~= ARGV[7]) then
            return {'past', i, checkpoint}
        end
        if p < from then
            return {'behind', i, checkpoint}
        end
        due[i] = p < to
    elseif from == 0 then
        due[i] = true
    else
        return {'lost', i, checkpoint or ''}
    end
end

-- The first write of a script is refused when memory is short, unless it frees some. The later ones are not.
if mode == 'drop' then
    redis.call('del', KEYS[n + 1])
end
local arg = 9
for k = n + 1, #KEYS do
    if due[tonumber(ARGV[arg])] then
        local head = redis.pcall('getrange', KEYS[k], 0, 80)
        local newer = false
        if type(head) == 'string' then
            local e, p = string.match(head, '^2 (%d+) (%d+) ')
            newer = e == epoch and tonumber(p) >= tonumber(ARGV[arg + 1])
        end
        if mode == 'drop' then
            redis.call('del', KEYS[k])
        elseif not newer then
            if ARGV[arg + 2] == '0' then
                redis.call('set', KEYS[k], ARGV[arg + 3])
            else
                redis.call('set', KEYS[k], ARGV[arg + 3], 'px', ARGV[arg + 2])
            end
        end
    end
    arg = arg + 4
end
local moved = epoch .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[2]
local moves = {}
for i = 1, n do
    if due[i] then
        moves[#moves + 1] = KEYS[i]
        moves[#moves + 1] = moved
    end
end
if #moves > 0 then
    redis.call('mset', unpack(moves))
end
return {'ok'}
