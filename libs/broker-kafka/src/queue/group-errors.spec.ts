import { connectionLost, kafkaError } from '../kafka.errors.js';
import { GroupError } from './group-coordinator.js';
import { groupErrorOf, groupErrorOfCode } from './group-errors.js';

const refusedLogin = Object.assign(new Error('no'), { code: 'PLT_KFK_AUTHENTICATION' });

describe('failures of a group', () => {
  it.each([
    ['another member id is wanted', 79, 'member_id_required'],
    ['the member is not known', 25, 'unknown_member'],
    ['the member is fenced', 82, 'unknown_member'],
    ['the group changes', 27, 'changing'],
    ['the group has changed', 22, 'changing'],
    ['the group may not be used', 30, 'denied'],
    ['other members speak another protocol', 23, 'denied'],
    ['the coordinator has moved', 16, 'unreachable'],
    ['the coordinator is loading', 14, 'unreachable'],
  ])('says what it means that %s', (_, code, trouble) => {
    expect(groupErrorOfCode(code, 'a test').trouble).toBe(trouble);
    expect(groupErrorOf(kafkaError(code, 'a test')).trouble).toBe(trouble);
  });

  it.each([
    ['the line is cut', connectionLost('a test', new Error('gone')), 'unreachable'],
    ['the password is wrong', connectionLost('a test', refusedLogin), 'denied'],
    ['something else is thrown', 'a text', 'unreachable'],
  ])('says what it means that %s', (_, error, trouble) => {
    expect(groupErrorOf(error).trouble).toBe(trouble);
  });

  it('keeps the member id that the broker gave, and what is known already', () => {
    expect(groupErrorOfCode(79, 'a test', 'm-1').memberId).toBe('m-1');
    const known = new GroupError('denied', 'no');
    expect(groupErrorOf(known)).toBe(known);
  });
});
