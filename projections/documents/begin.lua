-- Sets the checkpoints of buckets whose documents were loaded in bulk. KEYS: the checkpoints, and last a key that is
-- not there. ARGV: the checkpoint. The first write is one that a server out of memory accepts; see apply.lua.
redis.call('del', KEYS[#KEYS])
for i = 1, #KEYS - 1 do
    redis.call('set', KEYS[i], ARGV[1])
end
return 1
