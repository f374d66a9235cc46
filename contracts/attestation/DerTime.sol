// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEncodingErrors} from "../interfaces/IEncodingErrors.sol";
import {Der} from "./Der.sol";

/// @notice Reads the two time types of certificates by the rules of RFC 5280: UTCTime `YYMMDDHHMMSSZ` for the years 1950
/// to 2049, GeneralizedTime `YYYYMMDDHHMMSSZ` from 2050 on. Dates that the calendar does not have are refused.
library DerTime {
    /// @notice Reads one time.
    /// @param input Starts with the element.
    /// @return unixSeconds The time; days before 1970 count as 1970-01-01.
    /// @return rest What follows it.
    function read(bytes calldata input) internal pure returns (uint40 unixSeconds, bytes calldata rest) {
        bool long = input.length != 0 && uint8(input[0]) == Der.GENERALIZED_TIME;
        bytes calldata text;
        (text, rest) = Der.read(input, long ? Der.GENERALIZED_TIME : Der.UTC_TIME);
        require(text.length == (long ? 15 : 13) && text[text.length - 1] == "Z", IEncodingErrors.DerBadTime(text));

        uint256 year;
        if (long) {
            year = _twoDigits(text, 0) * 100 + _twoDigits(text, 2);
            require(year >= 2050, IEncodingErrors.DerBadTime(text));
        } else {
            year = _twoDigits(text, 0);
            year += year < 50 ? 2000 : 1900;
        }
        unixSeconds = _toUnix(text, year, long ? 4 : 2);
    }

    /// @param month Where the two digits of the month are; day, hour, minute and second follow.
    function _toUnix(bytes calldata text, uint256 year, uint256 month) private pure returns (uint40) {
        uint256 day = _dayNumber(text, year, _twoDigits(text, month), _twoDigits(text, month + 2));
        uint256 hour = _twoDigits(text, month + 4);
        uint256 minute = _twoDigits(text, month + 6);
        uint256 second = _twoDigits(text, month + 8);
        require(hour < 24 && minute < 60 && second < 60, IEncodingErrors.DerBadTime(text));
        return uint40(day * 1 days + hour * 1 hours + minute * 1 minutes + second);
    }

    /// @dev Days since 1970-01-01. Years are counted from March, so that the leap day is the last one.
    function _dayNumber(bytes calldata text, uint256 year, uint256 month, uint256 day) private pure returns (uint256) {
        require(month >= 1 && month <= 12 && day >= 1 && day <= _daysIn(year, month), IEncodingErrors.DerBadTime(text));
        if (year < 1970) return 0;

        (uint256 y, uint256 m) = month > 2 ? (year, month - 3) : (year - 1, month + 9);
        return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    }

    function _daysIn(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    function _twoDigits(bytes calldata text, uint256 at) private pure returns (uint256) {
        bytes2 digits = bytes2(text[at:]);
        require(
            digits[0] >= "0" && digits[0] <= "9" && digits[1] >= "0" && digits[1] <= "9",
            IEncodingErrors.DerBadTime(text)
        );
        return (uint8(digits[0]) - 48) * 10 + uint8(digits[1]) - 48;
    }
}
