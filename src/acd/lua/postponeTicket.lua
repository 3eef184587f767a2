--[[
  Nobody is rung for the ticket for a while; it keeps its place.

  Input:
    ARGV[1] ticketId
    ARGV[2] ms

  Output:
    1  on hold until then
    0  it talks, is dropped or has ended

  Events:
    withdrawn when a seat was rung; due for the end
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket then return 0 end
backToWaiting(ticket, 'caller-left')
if ticket.state ~= 'held' and not may(ticket, 'hold') then return 0 end
if ticket.state ~= 'held' then moveTicket(ticket, 'hold') end
local ends = whole(NOW + tonumber(A.ms))
saveTicket(ticket, 'until', ends)
owes('unhold', ticket, ends)
remember(ticket, 'postponed', nil, A.ms)
return 1
