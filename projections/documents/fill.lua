-- Stores a document that was read elsewhere, if it is proven: what it was read from was at least as far as the bucket
-- is, so no change that the bucket has seen is missing from it, and nothing newer is there.
--
-- KEYS: the bucket's checkpoint, the document. ARGV: epoch, proven position, the document's position, its time to live
-- in milliseconds, its value. Returns 1 if it was stored.
local checkpoint = redis.call('get', KEYS[1])
if not checkpoint then
    return 0
end
local e, p = string.match(checkpoint, '^(%d+) (%d+) %S+ %d+$')
if e ~= ARGV[1] or tonumber(p) > tonumber(ARGV[2]) then
    return 0
end
local head = redis.pcall('getrange', KEYS[2], 0, 80)
if type(head) == 'string' then
    e, p = string.match(head, '^2 (%d+) (%d+) ')
    if e == ARGV[1] and tonumber(p) >= tonumber(ARGV[3]) then
        return 0
    end
end
redis.call('set', KEYS[2], ARGV[5], 'px', ARGV[4])
return 1
