-- Writes the document of a stream that was parked and is tried again; the bucket has moved on long since.
--
-- KEYS: the bucket's checkpoint, the document. ARGV: fence, epoch, the document's position, its time to live in
-- milliseconds, its value. Returns "ok", or why not.
local checkpoint = redis.call('get', KEYS[1])
if not checkpoint then
    return 'lost'
end
local e, f = string.match(checkpoint, '^(%d+) %d+ %S+ (%d+)$')
if e ~= ARGV[2] then
    return 'at ' .. checkpoint
end
if tonumber(f) > tonumber(ARGV[1]) then
    return 'fenced'
end
local head = redis.pcall('getrange', KEYS[2], 0, 80)
if type(head) == 'string' then
    local p
    e, p = string.match(head, '^2 (%d+) (%d+) ')
    if e == ARGV[2] and tonumber(p) >= tonumber(ARGV[3]) then
        return 'ok'
    end
end
redis.call('set', KEYS[2], ARGV[5], 'px', ARGV[4])
return 'ok'
