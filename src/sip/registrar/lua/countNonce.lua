--[[
  Takes one use of a digest nonce: its count must be higher than any seen before.

  Input:
    KEYS[1] count     the highest count seen with this nonce

    ARGV[1] nc        the count of this use
    ARGV[2] lifetime  ms until the nonce expires

  Output:
    1  the use is new
    0  the count was seen before

  Events: none
]]
local seen = tonumber(redis.call('GET', K.count) or '0')
if tonumber(A.nc) <= seen then return 0 end
redis.call('SET', K.count, A.nc, 'PX', A.lifetime)
return 1
