-- Shuts writers with an older fence out of a bucket. KEYS: its checkpoint, and a key that is not there. ARGV: the fence.
-- Returns "ok", also when there is no checkpoint and so nothing to be shut out of, or why not. The first write is one that
-- a server out of memory accepts; see apply.lua.
local checkpoint = redis.call('get', KEYS[1])
local head, fence = string.match(checkpoint or '', '^(%d+ %d+ %S+) (%d+)$')
if not head then
    return 'ok'
end
if tonumber(fence) > tonumber(ARGV[1]) then
    return 'fenced'
end
redis.call('del', KEYS[2])
redis.call('set', KEYS[1], head .. ' ' .. ARGV[1])
return 'ok'
